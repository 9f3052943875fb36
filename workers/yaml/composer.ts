import { type Anchor, Anchors } from './anchors.ts';
import type { SourceText } from './characters.ts';
import { YamlError } from './error.ts';
import { MAX_YAML_DEPTH } from './limits.ts';
import { type Key, MERGE, Members } from './members.ts';
import {
  isMergeTag,
  isPlainString,
  keyText,
  type ResolvedScalar,
  resolvePlain,
  resolveScalar,
  resolveTagged,
} from './resolve.ts';
import { Scanner } from './scanner.ts';
import { TagHandles } from './tag-handles.ts';
import {
  ALIAS,
  ANCHOR,
  BLOCK_END,
  DIRECTIVE,
  DOCUMENT_END,
  DOCUMENT_START,
  ENTRY,
  FLOW_ENTRY,
  FLOW_MAPPING_END,
  FLOW_MAPPING_START,
  FLOW_SEQUENCE_END,
  FLOW_SEQUENCE_START,
  KEY,
  SCALAR,
  SIMPLE_KEY,
  STREAM_END,
  TAG,
  type TagToken,
  VALUE,
} from './token.ts';
import { setMember, type YamlObject, type YamlValue } from './value.ts';

export interface ComposeOptions {
  /** Keep integers that no number holds exactly as bigints. */
  readonly exactIntegers: boolean;
  /** Refuse a key that occurs twice in a mapping, as YAMLToJSONStrict does. */
  readonly uniqueKeys: boolean;
}

/**
 * Builds the value of the first document straight from the tokens: libyaml's grammar, go-yaml v2's decoding into untyped maps
 * and sigs.k8s.io/yaml's conversion for JSON in one pass. What only the conversion refuses (null keys, infinity) may be
 * overwritten by a later duplicate key and then goes unnoticed upstream; so it is only noted here, and looked for at the end.
 *
 * The file is long because it is one grammar: the productions of block and flow collections call each other.
 */
export class Composer {
  private readonly scanner: Scanner;
  private readonly options: ComposeOptions;
  private readonly tagHandles = new TagHandles();
  private readonly anchors = new Anchors();
  private depth = 0;
  private hasNonFinite = false;
  private endedByProperties = false;
  private readonly members: Members;

  constructor(source: SourceText, options: ComposeOptions) {
    this.scanner = new Scanner(source);
    this.options = options;
    this.members = new Members(options.uniqueKeys);
  }

  /** The first document's value; null for a text without one. Throws YamlError. */
  compose(): YamlValue {
    const { scanner } = this;
    scanner.next();
    if (this.at(STREAM_END)) return null;
    if (this.at(DIRECTIVE) || this.at(DOCUMENT_START)) {
      this.readDirectives();
      scanner.next();
      if (this.atDocumentBoundary()) return null;
    }
    const value = this.node(true, false);
    if (!this.anchors.withinLimit()) throw this.tooManyAliases();
    this.finishDocument();
    if (this.hasNonFinite || this.members.someNullKey) this.checkForJson(value);
    return value;
  }

  private at(kind: number): boolean {
    return this.scanner.kind === kind;
  }

  private atDocumentBoundary(): boolean {
    const { kind } = this.scanner;
    return kind === STREAM_END || kind === DOCUMENT_START || kind === DOCUMENT_END || kind === DIRECTIVE;
  }

  private readDirectives(): void {
    const { scanner } = this;
    let version = false;
    for (; this.at(DIRECTIVE) && scanner.directive !== null; scanner.next()) {
      const { directive } = scanner;
      if (directive.name === 'YAML') {
        if (version) throw scanner.failToken('found duplicate %YAML directive');
        if (directive.major !== 1 || directive.minor !== 1) throw scanner.failToken('found incompatible YAML document');
        version = true;
      } else {
        const known = !this.tagHandles.declare(directive.handle, directive.prefix);
        if (known) throw scanner.failToken('found duplicate %TAG directive');
      }
    }
    if (!this.at(DOCUMENT_START)) throw scanner.failToken('did not find expected <document start>');
  }

  /**
   * Upstream stops reading when the first document is complete, without a look at whether anything belongs behind it; but it
   * has scanned one token further, and on for as long as the last one might turn out to be a key. Errors in that stretch are
   * errors.
   */
  private finishDocument(): void {
    const { scanner } = this;
    // Behind properties without a node, the token that ends the document was looked at to find that node.
    scanner.trailingFrom = this.endedByProperties ? scanner.start + 1 : scanner.start;
    const { keyStart } = scanner;
    while (!this.atDocumentBoundary() && scanner.keyPending && scanner.keyStart === keyStart) scanner.next();
  }

  /**
   * Reads the node that begins at the current token and moves behind it. `block`: block collections are allowed;
   * `indentless`: so is a block sequence at the indentation of the mapping around.
   */
  private node(block: boolean, indentless: boolean): YamlValue {
    const { scanner } = this;
    if (this.at(ALIAS)) return this.alias();
    this.anchors.nodes++;
    if (this.at(SCALAR)) {
      const { text } = scanner;
      const value = scanner.plain ? this.plainValue(text) : text;
      scanner.next();
      return value;
    }
    let anchor = '';
    let tag = '';
    if (this.at(ANCHOR) || this.at(TAG)) {
      ({ anchor, tag } = this.properties());
      if (this.at(SCALAR)) {
        const scalar = this.scalar(tag, scanner.text, scanner.plain);
        scanner.next();
        return this.anchored(anchor, scalar);
      }
    }
    const entry = anchor === '' ? null : this.anchors.open(anchor);
    const value = this.collection(block, indentless);
    if (value === undefined) {
      if (anchor === '' && tag === '') throw scanner.failToken('did not find expected node content');
      this.endedByProperties = this.depth === 0;
      const scalar = this.scalar(tag, '', tag === '');
      return this.anchored(anchor, scalar);
    }
    if (entry !== null) this.anchors.close(entry, value);
    return value;
  }

  /** The list or mapping at the current token, or undefined. */
  private collection(block: boolean, indentless: boolean): YamlValue | undefined {
    const { scanner } = this;
    switch (scanner.kind) {
      case SIMPLE_KEY:
      case KEY:
      case VALUE:
        return block && scanner.opens ? this.blockMapping() : undefined;
      case ENTRY:
        if (scanner.opens) return block ? this.blockSequence() : undefined;
        return indentless ? this.indentlessSequence() : undefined;
      case FLOW_SEQUENCE_START:
        return this.flowSequence();
      case FLOW_MAPPING_START:
        return this.flowMapping();
      default:
        return undefined;
    }
  }

  private enter(): void {
    if (++this.depth > MAX_YAML_DEPTH) {
      throw this.scanner.failToken(`nested deeper than ${MAX_YAML_DEPTH} levels`, 'YAML_LIMIT');
    }
  }

  private blockMapping(): YamlObject {
    const { scanner } = this;
    const map: YamlObject = {};
    this.enter();
    for (let first = true; ; first = false) {
      const { kind } = scanner;
      if (kind === BLOCK_END) break;
      if ((kind !== SIMPLE_KEY && kind !== KEY) || (scanner.opens && !first)) {
        throw scanner.failToken('did not find expected key');
      }
      let key: Key;
      if (kind === SIMPLE_KEY) {
        key = this.simpleKey();
        this.refuseRepeated(map, key);
        scanner.next();
      } else {
        scanner.next();
        key = this.endsBlockNode() ? this.emptyKey() : this.complexKey(true, true);
        if (!this.at(VALUE) || scanner.opens) {
          this.addMember(map, key, this.emptyNode(), false);
          continue;
        }
        scanner.next();
      }
      const fromAlias = this.at(ALIAS);
      const value = this.endsBlockNode() ? this.emptyNode() : this.node(true, true);
      if (typeof key === 'string' && !this.options.uniqueKeys) setMember(map, key, value);
      else this.addMember(map, key, value, fromAlias);
    }
    scanner.next();
    this.depth--;
    return map;
  }

  /** Whether the current token says that the key or value before it is empty. */
  private endsBlockNode(): boolean {
    const { scanner } = this;
    const { kind } = scanner;
    if (kind === BLOCK_END) return true;
    return (kind === SIMPLE_KEY || kind === KEY || kind === VALUE) && !scanner.opens;
  }

  private blockSequence(): YamlValue[] {
    const { scanner } = this;
    const list: YamlValue[] = [];
    this.enter();
    for (let first = true; ; first = false) {
      const { kind } = scanner;
      if (kind === BLOCK_END) break;
      if (kind !== ENTRY || (scanner.opens && !first)) throw scanner.failToken("did not find expected '-' indicator");
      scanner.next();
      const empty = (this.at(ENTRY) && !scanner.opens) || this.at(BLOCK_END);
      list.push(empty ? this.emptyNode() : this.node(true, false));
    }
    scanner.next();
    this.depth--;
    return list;
  }

  private indentlessSequence(): YamlValue[] {
    const { scanner } = this;
    const list: YamlValue[] = [];
    this.enter();
    while (this.at(ENTRY) && !scanner.opens) {
      scanner.next();
      const empty = (this.at(ENTRY) && !scanner.opens) || this.endsBlockNode();
      list.push(empty ? this.emptyNode() : this.node(true, false));
    }
    this.depth--;
    return list;
  }

  private flowSequence(): YamlValue[] {
    const { scanner } = this;
    const list: YamlValue[] = [];
    this.enter();
    scanner.next();
    for (let first = true; !this.at(FLOW_SEQUENCE_END); first = false) {
      if (!first) {
        if (!this.at(FLOW_ENTRY)) throw scanner.failToken("did not find expected ',' or ']'");
        scanner.next();
        if (this.at(FLOW_SEQUENCE_END)) break;
      }
      list.push(this.at(SIMPLE_KEY) || this.at(KEY) ? this.flowPair() : this.node(false, false));
    }
    scanner.next();
    this.depth--;
    return list;
  }

  /** `key: value` as an item of a flow sequence: a mapping of its own. */
  private flowPair(): YamlObject {
    const { scanner } = this;
    const map: YamlObject = {};
    this.anchors.nodes++;
    let key: Key;
    let hasValue = true;
    if (this.at(SIMPLE_KEY)) {
      key = this.simpleKey();
    } else {
      scanner.next();
      const { kind } = scanner;
      if (kind === VALUE || kind === FLOW_ENTRY || kind === FLOW_SEQUENCE_END) {
        // libyaml takes this token for the empty key's own.
        scanner.next();
        key = this.emptyKey();
      } else {
        key = this.complexKey(false, false);
      }
      hasValue = this.at(VALUE);
    }
    this.flowValue(map, key, hasValue, FLOW_SEQUENCE_END);
    return map;
  }

  private flowMapping(): YamlObject {
    const { scanner } = this;
    const map: YamlObject = {};
    this.enter();
    scanner.next();
    for (let first = true; !this.at(FLOW_MAPPING_END); first = false) {
      if (!first) {
        if (!this.at(FLOW_ENTRY)) throw scanner.failToken("did not find expected ',' or '}'");
        scanner.next();
        if (this.at(FLOW_MAPPING_END)) break;
      }
      this.flowMember(map);
    }
    scanner.next();
    this.depth--;
    return map;
  }

  private flowMember(map: YamlObject): void {
    const { scanner } = this;
    if (this.at(SIMPLE_KEY)) {
      const key = this.simpleKey();
      this.refuseRepeated(map, key);
      this.flowValue(map, key, true, FLOW_MAPPING_END);
    } else if (this.at(KEY)) {
      scanner.next();
      const { kind } = scanner;
      const empty = kind === VALUE || kind === FLOW_ENTRY || kind === FLOW_MAPPING_END;
      const key = empty ? this.emptyKey() : this.complexKey(false, false);
      this.flowValue(map, key, this.at(VALUE), FLOW_MAPPING_END);
    } else {
      const key = this.complexKey(false, false);
      this.addMember(map, key, this.emptyNode(), false);
    }
  }

  /** With `hasValue` the current token is the key's colon. */
  private flowValue(map: YamlObject, key: Key, hasValue: boolean, end: number): void {
    const { scanner } = this;
    if (hasValue) scanner.next();
    if (!hasValue || this.at(FLOW_ENTRY) || this.at(end)) {
      this.addMember(map, key, this.emptyNode(), false);
      return;
    }
    const fromAlias = this.at(ALIAS);
    this.addMember(map, key, this.node(false, false), fromAlias);
  }

  private emptyNode(): null {
    this.anchors.nodes++;
    return null;
  }

  private emptyKey(): null {
    this.anchors.nodes++;
    return null;
  }

  /** The key of a SIMPLE_KEY token. */
  private simpleKey(): Key {
    const { scanner } = this;
    const { text, plain } = scanner;
    if (scanner.keyAlias) return this.aliasKey(text);
    if (scanner.keyAnchor === '' && scanner.keyTag === null && (!plain || (isPlainString(text) && text !== '<<'))) {
      this.anchors.nodes++;
      return text;
    }
    return this.scalarKey(scanner.keyAnchor, this.resolveTag(scanner.keyTag), text, plain);
  }

  /** The key that is the node at the current token; moves behind it. */
  private complexKey(block: boolean, indentless: boolean): Key {
    const { scanner } = this;
    if (this.at(ALIAS)) {
      const key = this.aliasKey(scanner.text);
      scanner.next();
      return key;
    }
    let anchor = '';
    let tag = '';
    if (this.at(ANCHOR) || this.at(TAG)) ({ anchor, tag } = this.properties());
    if (this.at(SCALAR)) {
      const key = this.scalarKey(anchor, tag, scanner.text, scanner.plain);
      scanner.next();
      return key;
    }
    const { start, startLine } = scanner;
    if (this.collection(block, indentless) !== undefined) {
      throw new YamlError(
        'YAML_TYPE',
        'a list or mapping cannot be a key',
        startLine + 1,
        start - scanner.lineStart + 1,
      );
    }
    if (anchor === '' && tag === '') throw scanner.failToken('did not find expected node content');
    return this.scalarKey(anchor, tag, '', tag === '');
  }

  /** MERGE for `<<`; null for a key that JSON cannot have. */
  private scalarKey(anchor: string, tag: string, text: string, plain: boolean): Key {
    const scalar = this.scalar(tag, text, plain);
    const isMerge = text === '<<' && isMergeTag(tag, plain);
    if (anchor !== '') this.anchors.declare(anchor, this.valueOf(scalar), scalar);
    if (isMerge) return MERGE;
    this.anchors.nodes++;
    return keyText(scalar);
  }

  private aliasKey(name: string): Key {
    const anchor = this.findAnchor(name);
    if (anchor.scalar === null) throw this.scanner.failToken('a list or mapping cannot be a key', 'YAML_TYPE');
    if (!this.anchors.charge(anchor)) throw this.tooManyAliases();
    return keyText(anchor.scalar);
  }

  /** With unique keys wanted: says so at the key, where addMember would at its value's end. */
  private refuseRepeated(map: YamlObject, key: Key): void {
    if (this.options.uniqueKeys && typeof key === 'string' && Object.hasOwn(map, key)) throw this.repeated(key);
  }

  private repeated(key: Key): YamlError {
    return this.scanner.failToken(
      `key ${key === MERGE ? '<<' : JSON.stringify(key)} already set in map`,
      'YAML_DUPLICATE_KEY',
    );
  }

  private addMember(map: YamlObject, key: Key, value: YamlValue, fromAlias: boolean): void {
    // Of a list of mappings to merge, go-yaml decodes the mappings only.
    if (key === MERGE && !fromAlias && Array.isArray(value)) this.anchors.nodes--;
    const problem = this.members.add(map, key, value, fromAlias);
    if (problem === 'duplicate') throw this.repeated(key);
    if (problem !== null)
      throw this.scanner.failToken('map merge requires map or sequence of maps as the value', 'YAML_TYPE');
  }

  /** Anchor and tag, in either order. */
  private properties(): { anchor: string; tag: string } {
    const { scanner } = this;
    let anchor = '';
    let tag: TagToken | null = null;
    if (this.at(ANCHOR)) {
      anchor = scanner.text;
      scanner.next();
    }
    if (this.at(TAG)) {
      tag = scanner.tag;
      scanner.next();
    }
    if (anchor === '' && this.at(ANCHOR)) {
      anchor = scanner.text;
      scanner.next();
    }
    return { anchor, tag: this.resolveTag(tag) };
  }

  private resolveTag(tag: TagToken | null): string {
    const resolved = this.tagHandles.resolve(tag);
    if (resolved === undefined) throw this.scanner.failToken('found undefined tag handle');
    return resolved;
  }

  private plainValue(text: string): YamlValue {
    const value = resolvePlain(text);
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) this.hasNonFinite = true;
    } else if (typeof value === 'bigint') {
      return this.options.exactIntegers ? value : Number(value);
    }
    return value;
  }

  private scalar(tag: string, text: string, plain: boolean): ResolvedScalar {
    if (tag === '') return plain ? resolveScalar(text) : { type: 'str', value: text };
    try {
      return resolveTagged(tag, text);
    } catch (error) {
      if (error instanceof YamlError) throw this.scanner.failToken(error.problem, error.code);
      throw error;
    }
  }

  private valueOf(scalar: ResolvedScalar): YamlValue {
    const { value } = scalar;
    if (typeof value === 'bigint') return this.options.exactIntegers ? value : Number(value);
    if (typeof value === 'number' && !Number.isFinite(value)) this.hasNonFinite = true;
    return value;
  }

  private anchored(anchor: string, scalar: ResolvedScalar): YamlValue {
    const value = this.valueOf(scalar);
    if (anchor !== '') this.anchors.declare(anchor, value, scalar);
    return value;
  }

  private findAnchor(name: string): Anchor {
    const anchor = this.anchors.find(name);
    if (anchor === undefined) throw this.scanner.failToken(`unknown anchor '${name}' referenced`);
    if (anchor.open) throw this.scanner.failToken(`anchor '${name}' value contains itself`);
    return anchor;
  }

  private alias(): YamlValue {
    const anchor = this.findAnchor(this.scanner.text);
    if (!this.anchors.charge(anchor)) throw this.tooManyAliases();
    this.scanner.next();
    return this.copy(anchor.value);
  }

  private tooManyAliases(): YamlError {
    return this.scanner.failToken('document contains excessive aliasing', 'YAML_LIMIT');
  }

  /** A value of its own for each alias: whoever changes one must not change the other. */
  private copy(value: YamlValue): YamlValue {
    if (value === null || typeof value !== 'object') return value;
    this.enter();
    let copied: YamlValue;
    if (Array.isArray(value)) {
      copied = value.map((item) => this.copy(item));
    } else {
      copied = {};
      for (const key of Object.keys(value)) setMember(copied, key, this.copy(value[key] as YamlValue));
      this.members.inheritNullKey(copied, value);
    }
    this.depth--;
    return copied;
  }

  /** Throws for what is left of values that JSON has no way to write. */
  private checkForJson(value: YamlValue): void {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new YamlError('YAML_TYPE', `${value} has no place in JSON`);
    }
    if (value === null || typeof value !== 'object') return;
    if (Array.isArray(value)) {
      for (const item of value) this.checkForJson(item);
      return;
    }
    if (this.members.hasNullKey(value))
      throw new YamlError('YAML_TYPE', 'null and integers beyond int64 cannot be keys');
    for (const key of Object.keys(value)) this.checkForJson(value[key] as YamlValue);
  }
}
