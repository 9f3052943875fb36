import { YamlError } from './error.ts';
import { ALIAS_FREE_NODES, allowedAliasRatio, FREE_NODES, MAX_YAML_DEPTH } from './limits.ts';
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

const DEFAULT_TAG_PREFIXES: readonly (readonly [string, string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/** A node that aliases may name. */
interface Anchor {
  /** Still being read: an alias to it would make the value contain itself. */
  open: boolean;
  value: YamlValue;
  /** How the node reads as a key; null for lists and mappings. */
  readonly scalar: ResolvedScalar | null;
  /** Nodes that go-yaml decodes for it. */
  nodes: number;
}

export interface ComposeOptions {
  /** Keep integers that no number holds exactly as bigints. */
  readonly exactIntegers: boolean;
  /** Refuse a key that occurs twice in a mapping, as YAMLToJSONStrict does. */
  readonly uniqueKeys: boolean;
}

/** What a mapping's key turned out to be; see Composer.key. */
const MERGE = Symbol('merge');
type Key = string | typeof MERGE | null;

/**
 * Builds the value of the first document straight from the tokens: libyaml's grammar, go-yaml v2's decoding into untyped maps
 * and sigs.k8s.io/yaml's conversion for JSON in one pass. What only the conversion refuses (null keys, infinity) may be
 * overwritten by a later duplicate key and then goes unnoticed upstream; so it is only noted here, and looked for at the end.
 */
export class Composer {
  private readonly scanner: Scanner;
  private readonly options: ComposeOptions;
  private tagPrefixes: Map<string, string> | null = null;
  private anchors: Map<string, Anchor> | null = null;
  private depth = 0;
  /** Nodes that go-yaml would have decoded so far, the document itself for one, and those of them that came from aliases. */
  private nodes = 1;
  private aliasNodes = 0;
  private hasNonFinite = false;
  private endedByProperties = false;
  private withNullKey: Set<YamlObject> | null = null;

  constructor(source: string, options: ComposeOptions) {
    this.scanner = new Scanner(source);
    this.options = options;
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
    this.checkAliasShare();
    this.finishDocument();
    if (this.hasNonFinite || this.withNullKey !== null) this.checkForJson(value);
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
    const prefixes = new Map<string, string>();
    for (; this.at(DIRECTIVE) && scanner.directive !== null; scanner.next()) {
      const { directive } = scanner;
      if (directive.name === 'YAML') {
        if (version) throw scanner.failToken('found duplicate %YAML directive');
        if (directive.major !== 1 || directive.minor !== 1) throw scanner.failToken('found incompatible YAML document');
        version = true;
      } else {
        if (prefixes.has(directive.handle)) throw scanner.failToken('found duplicate %TAG directive');
        prefixes.set(directive.handle, directive.prefix);
      }
    }
    if (!this.at(DOCUMENT_START)) throw scanner.failToken('did not find expected <document start>');
    if (prefixes.size === 0) return;
    for (const [handle, prefix] of DEFAULT_TAG_PREFIXES) if (!prefixes.has(handle)) prefixes.set(handle, prefix);
    this.tagPrefixes = prefixes;
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
    this.nodes++;
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
    const entry = anchor === '' ? null : this.openAnchor(anchor);
    const before = this.nodes;
    const value = this.collection(block, indentless);
    if (value === undefined) {
      if (anchor === '' && tag === '') throw scanner.failToken('did not find expected node content');
      this.endedByProperties = this.depth === 0;
      const scalar = this.scalar(tag, '', tag === '');
      return this.anchored(anchor, scalar);
    }
    if (entry !== null) {
      entry.open = false;
      entry.value = value;
      entry.nodes = this.nodes - before + 1;
    }
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
      const viaAlias = this.at(ALIAS);
      const value = this.endsBlockNode() ? this.emptyNode() : this.node(true, true);
      if (typeof key === 'string' && !this.options.uniqueKeys) setMember(map, key, value);
      else this.addMember(map, key, value, viaAlias);
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
    this.nodes++;
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
      this.flowValue(map, this.simpleKey(), true, FLOW_MAPPING_END);
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
    const viaAlias = this.at(ALIAS);
    this.addMember(map, key, this.node(false, false), viaAlias);
  }

  private emptyNode(): null {
    this.nodes++;
    return null;
  }

  private emptyKey(): null {
    this.nodes++;
    return null;
  }

  /** The key of a SIMPLE_KEY token. */
  private simpleKey(): Key {
    const { scanner } = this;
    const { text, plain } = scanner;
    if (scanner.keyAlias) return this.aliasKey(text);
    if (scanner.keyAnchor === '' && scanner.keyTag === null && (!plain || (isPlainString(text) && text !== '<<'))) {
      this.nodes++;
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
    if (anchor !== '') this.declareAnchor(anchor, scalar);
    if (isMerge) return MERGE;
    this.nodes++;
    return keyText(scalar);
  }

  private aliasKey(name: string): Key {
    const anchor = this.findAnchor(name);
    if (anchor.scalar === null) throw this.scanner.failToken('a list or mapping cannot be a key', 'YAML_TYPE');
    this.countAlias(anchor.nodes);
    return keyText(anchor.scalar);
  }

  private addMember(map: YamlObject, key: Key, value: YamlValue, viaAlias: boolean): void {
    if (key === MERGE) {
      this.merge(map, value, viaAlias);
    } else if (key === null) {
      this.withNullKey ??= new Set();
      this.withNullKey.add(map);
    } else {
      this.setUnique(map, key, value);
    }
  }

  private setUnique(map: YamlObject, key: string, value: YamlValue): void {
    if (this.options.uniqueKeys && Object.hasOwn(map, key)) {
      throw this.scanner.failToken(`key ${JSON.stringify(key)} already set in map`, 'YAML_DUPLICATE_KEY');
    }
    setMember(map, key, value);
  }

  /** `<<`: members of a mapping, or of several in a list of which earlier ones win, are set as if they stood here. */
  private merge(map: YamlObject, value: YamlValue, viaAlias: boolean): void {
    if (Array.isArray(value) && !viaAlias) {
      // go-yaml decodes the mappings of the list, not the list.
      this.nodes--;
      for (const item of value.toReversed()) this.mergeOne(map, item);
    } else {
      this.mergeOne(map, value);
    }
  }

  private mergeOne(map: YamlObject, value: YamlValue): void {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw this.scanner.failToken('map merge requires map or sequence of maps as the value', 'YAML_TYPE');
    }
    for (const key of Object.keys(value)) this.setUnique(map, key, value[key] as YamlValue);
    if (this.withNullKey?.has(value)) this.withNullKey.add(map);
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

  /** The full tag, or '' for none. */
  private resolveTag(tag: TagToken | null): string {
    if (tag === null) return '';
    if (tag.handle === '') return tag.suffix;
    const prefix = this.tagPrefixes === null ? defaultPrefix(tag.handle) : this.tagPrefixes.get(tag.handle);
    if (prefix === undefined) throw this.scanner.failToken('found undefined tag handle');
    return prefix + tag.suffix;
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
      if (error instanceof YamlError) throw this.scanner.failToken(error.message, error.code);
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
    if (anchor !== '') this.declareAnchor(anchor, scalar);
    return this.valueOf(scalar);
  }

  private declareAnchor(name: string, scalar: ResolvedScalar): void {
    this.anchors ??= new Map();
    this.anchors.set(name, { open: false, value: this.valueOf(scalar), scalar, nodes: 1 });
  }

  private openAnchor(name: string): Anchor {
    const anchor: Anchor = { open: true, value: null, scalar: null, nodes: 0 };
    this.anchors ??= new Map();
    this.anchors.set(name, anchor);
    return anchor;
  }

  private findAnchor(name: string): Anchor {
    const anchor = this.anchors?.get(name);
    if (anchor === undefined) throw this.scanner.failToken(`unknown anchor '${name}' referenced`);
    if (anchor.open) throw this.scanner.failToken(`anchor '${name}' value contains itself`);
    return anchor;
  }

  private alias(): YamlValue {
    const anchor = this.findAnchor(this.scanner.text);
    this.countAlias(anchor.nodes);
    this.scanner.next();
    return this.copy(anchor.value);
  }

  /** Charges an alias for the nodes it stands for, before they are made. */
  private countAlias(nodes: number): void {
    this.checkAliasShare();
    this.nodes += 1 + nodes;
    this.aliasNodes += nodes;
    this.checkAliasShare();
  }

  /**
   * go-yaml asks at each node. The share grows while an alias is expanded and is convex in between, so asking before and after
   * each alias, and at the end, finds the same documents.
   */
  private checkAliasShare(): void {
    const { nodes, aliasNodes } = this;
    if (aliasNodes > ALIAS_FREE_NODES && nodes > FREE_NODES && aliasNodes / nodes > allowedAliasRatio(nodes)) {
      throw this.scanner.failToken('document contains excessive aliasing', 'YAML_LIMIT');
    }
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
      if (this.withNullKey?.has(value)) this.withNullKey.add(copied);
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
    if (this.withNullKey?.has(value)) throw new YamlError('YAML_TYPE', 'null and integers beyond int64 cannot be keys');
    for (const key of Object.keys(value)) this.checkForJson(value[key] as YamlValue);
  }
}

function defaultPrefix(handle: string): string | undefined {
  return DEFAULT_TAG_PREFIXES.find(([name]) => name === handle)?.[1];
}
