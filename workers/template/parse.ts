/**
 * Parses a template's text into trees: one for the text itself and one for each `define` and `block` in it. The grammar and the
 * errors are those of Go 1.26's text/template/parse; errors are TEMPLATE_SYNTAX, nesting and length limits TEMPLATE_LIMIT.
 * One method a construct of the grammar, all of them over the same token stream: that is why the file is long.
 */
import type { Command, Conditional, Operand, Pipe, Source, Span, Statement, Tree } from './ast.ts';
import { isEmptyBody } from './ast.ts';
import type { ConstantResult } from './constant.ts';
import { parseCharacter, parseNumber } from './constant.ts';
import type { TemplateErrorCode } from './errors.ts';
import { positionAt, TemplateError } from './errors.ts';
import type { Delimiters, Token } from './lex.ts';
import { lex } from './lex.ts';
import type { TemplateLimits } from './limits.ts';
import { isValue, startsOperand } from './operand.ts';
import { unquote } from './quote.ts';

export interface ParseOptions {
  readonly delimiters: Delimiters;
  readonly isFunction: (name: string) => boolean;
  readonly limits: TemplateLimits;
}

/** The trees of a text by name; the text's own has the name given. */
export function parseTemplate(name: string, text: string, options: ParseOptions): ReadonlyMap<string, Tree> {
  const source = { name, text };
  if (text.length > options.limits.sourceLength) {
    throw new TemplateError('TEMPLATE_LIMIT', 'template is too long', positionAt(name, '', 0));
  }
  return new Parser(source, options).run();
}

/** What one named template may use: `$` and its own variables, and `break` only within its own loops. */
interface Scope {
  variables: string[];
  loops: number;
}

type BodyEnd = { readonly kind: 'end'; readonly token: Token } | { readonly kind: 'else'; readonly token: Token };

class Parser {
  private readonly source: Source;
  private readonly options: ParseOptions;
  private readonly tokens: readonly Token[];
  private readonly trees = new Map<string, Tree>();
  private at = 0;
  private depth = 0;
  private scope: Scope = { variables: ['$'], loops: 0 };

  constructor(source: Source, options: ParseOptions) {
    this.source = source;
    this.options = options;
    this.tokens = lex(source.text, options.delimiters, options.isFunction);
  }

  run(): ReadonlyMap<string, Tree> {
    const body: Statement[] = [];
    while (this.peek().kind !== 'end') {
      if (this.peek().kind === 'leftDelim' && this.isKeyword(this.peek(1), 'define')) {
        this.at += 2;
        this.parseDefinition();
        continue;
      }
      const next = this.parseStatement();
      if (next.kind === 'end' || next.kind === 'else') this.fail(`unexpected {{${next.kind}}}`, next.token);
      body.push(next);
    }
    this.define(this.source.name, body, this.peek());
    return this.trees;
  }

  private peek(ahead = 0): Token {
    const token = this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)];
    if (token === undefined) throw new Error('a template has at least its end token');
    return token;
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private isKeyword(token: Token, word: string): boolean {
    return token.kind === 'keyword' && token.text === word;
  }

  private fail(message: string, at: Span, code: TemplateErrorCode = 'TEMPLATE_SYNTAX'): never {
    throw new TemplateError(code, message, positionAt(this.source.name, this.source.text, at.start));
  }

  private unexpected(token: Token, context: string): never {
    if (token.kind === 'error') this.fail(token.text, token);
    if (token.kind === 'end') this.fail(`unexpected EOF in ${context}`, token);
    this.fail(
      `unexpected ${token.kind === 'keyword' ? `<${token.text}>` : JSON.stringify(token.text)} in ${context}`,
      token,
    );
  }

  private enter(at: Span): void {
    if (++this.depth > this.options.limits.parseDepth) this.fail('template is nested too deeply', at, 'TEMPLATE_LIMIT');
  }

  /** Adds a template of this text. Two that hold more than space may not share a name. */
  private define(name: string, body: readonly Statement[], at: Span): void {
    const known = this.trees.get(name);
    if (known === undefined || isEmptyBody(known.body)) this.trees.set(name, { name, source: this.source, body });
    else if (!isEmptyBody(body)) this.fail(`multiple definition of template ${JSON.stringify(name)}`, at);
  }

  /** `{{define "name"}} … {{end}}`; the keyword has been read. */
  private parseDefinition(): void {
    const token = this.next();
    const name = this.templateName(token, 'define clause');
    this.expectRightDelim('define clause');
    this.parseOwnTemplate(name, token, 'define clause');
  }

  /** The body of a `define` or `block`, with a scope of its own. */
  private parseOwnTemplate(name: string, at: Span, context: string): void {
    const outer = this.scope;
    this.scope = { variables: ['$'], loops: 0 };
    this.enter(at);
    const { body, end } = this.parseBody();
    if (end.kind !== 'end') this.fail(`unexpected {{else}} in ${context}`, end.token);
    this.define(name, body, at);
    this.depth--;
    this.scope = outer;
  }

  private templateName(token: Token, context: string): string {
    if (token.kind !== 'string') this.unexpected(token, context);
    return unquote(token.text) ?? this.fail('invalid syntax', token);
  }

  private expectRightDelim(context: string): void {
    const token = this.next();
    if (token.kind !== 'rightDelim') this.unexpected(token, context);
  }

  /** Statements up to `end` or `else`. */
  private parseBody(): { readonly body: readonly Statement[]; readonly end: BodyEnd } {
    const body: Statement[] = [];
    while (this.peek().kind !== 'end') {
      const next = this.parseStatement();
      if (next.kind === 'end' || next.kind === 'else') return { body, end: next };
      body.push(next);
    }
    this.fail('unexpected EOF', this.peek());
  }

  private parseStatement(): Statement | BodyEnd {
    const token = this.next();
    if (token.kind === 'text') return { kind: 'text', text: token.text };
    if (token.kind !== 'leftDelim') this.unexpected(token, 'input');
    const first = this.peek();
    if (first.kind !== 'keyword' || first.text === 'nil') return { kind: 'action', pipe: this.parsePipe('command') };
    this.at++;
    switch (first.text) {
      case 'block':
        return this.parseBlock(first);
      case 'break':
      case 'continue':
        return this.parseLoopExit(first.text, first);
      case 'else':
        // The parser of the control structure looks at what follows `else`.
        return { kind: 'else', token: first };
      case 'end':
        this.expectRightDelim('end');
        return { kind: 'end', token: first };
      case 'if':
      case 'with':
        return this.parseConditional(first.text, first);
      case 'range':
        return this.parseRange(first);
      case 'template':
        return this.parseTemplateCall(first);
      default:
        return this.unexpected(first, 'command');
    }
  }

  private parseLoopExit(kind: 'break' | 'continue', at: Token): Statement {
    const token = this.next();
    if (token.kind !== 'rightDelim') this.unexpected(token, `{{${kind}}}`);
    if (this.scope.loops === 0) this.fail(`{{${kind}}} outside {{range}}`, at);
    return { kind };
  }

  private parseConditional(kind: 'if' | 'with', at: Token): Conditional {
    const { variables } = this.scope;
    const visible = variables.length;
    this.enter(at);
    const branches: { pipe: Pipe; body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] = [];
    for (;;) {
      const pipe = this.parsePipe(kind);
      const { body, end } = this.parseBody();
      branches.push({ pipe, body });
      if (end.kind === 'end') break;
      if (this.isKeyword(this.peek(), kind)) {
        this.at++;
        continue;
      }
      otherwise = this.parseElse();
      break;
    }
    variables.length = visible;
    this.depth--;
    return { kind, branches, otherwise };
  }

  private parseRange(at: Token): Statement {
    const { variables } = this.scope;
    const visible = variables.length;
    this.enter(at);
    const pipe = this.parsePipe('range');
    this.scope.loops++;
    const { body, end } = this.parseBody();
    this.scope.loops--;
    const otherwise = end.kind === 'else' ? this.parseElse() : [];
    variables.length = visible;
    this.depth--;
    return { kind: 'range', pipe, body, otherwise };
  }

  /** What follows `else`, up to and with its `end`. */
  private parseElse(): readonly Statement[] {
    this.expectRightDelim('else');
    const { body, end } = this.parseBody();
    if (end.kind === 'else') this.fail('expected end; found {{else}}', end.token);
    return body;
  }

  private parseTemplateCall(at: Token): Statement {
    const name = this.templateName(this.next(), 'template clause');
    const bare = this.peek().kind === 'rightDelim';
    const pipe = bare ? null : this.parsePipe('template clause');
    if (bare) this.at++;
    return { kind: 'template', name, pipe, start: at.start, end: this.previousEnd() };
  }

  /** `{{block "name" pipeline}} … {{end}}` defines a template and calls it. */
  private parseBlock(at: Token): Statement {
    const name = this.templateName(this.next(), 'block clause');
    const pipe = this.parsePipe('block clause');
    const end = this.previousEnd();
    this.parseOwnTemplate(name, at, 'block clause');
    return { kind: 'template', name, pipe, start: at.start, end };
  }

  /** End of what was read before the right delimiter, which has been read too. */
  private previousEnd(): number {
    return this.tokens[this.at - 2]?.end ?? 0;
  }

  /** A pipeline and the right delimiter, or right parenthesis, that ends it. */
  private parsePipe(context: string, close: 'rightDelim' | 'rightParen' = 'rightDelim'): Pipe {
    const { start } = this.peek();
    const { variables, assign } = this.parseVariables(context);
    const commands: Command[] = [];
    while (this.peek().kind !== close) commands.push(this.parseCommand(context));
    const end = this.tokens[this.at - 1]?.end ?? start;
    const token = this.next();
    if (commands.length === 0) this.fail(`missing value for ${context}`, token);
    commands.forEach((command, i) => {
      if (i > 0 && isValue(command.word)) this.fail(`non executable command in pipeline stage ${i + 1}`, command);
    });
    return { variables, assign, commands, start, end };
  }

  /** `$x :=`, `$x =` and, in a range, `$i, $x :=`. A variable that is not followed by one of these belongs to the first command. */
  private parseVariables(context: string): { variables: readonly string[]; assign: boolean } {
    const variables: string[] = [];
    while (this.peek().kind === 'variable') {
      const name = this.peek().text;
      const after = this.peek(1);
      if (after.kind === 'declare' || after.kind === 'assign') {
        this.at += 2;
        variables.push(name);
        this.scope.variables.push(name);
        return { variables, assign: after.kind === 'assign' };
      }
      if (after.kind !== 'punctuation' || after.text !== ',') break;
      this.at += 2;
      variables.push(name);
      this.scope.variables.push(name);
      if (context !== 'range' || variables.length > 1) this.fail(`too many declarations in ${context}`, after);
      const { kind } = this.peek();
      if (kind !== 'variable' && kind !== 'rightDelim') this.fail('range can only initialize variables', this.peek());
    }
    return { variables, assign: false };
  }

  private parseCommand(context: string): Command {
    const operands: Operand[] = [];
    const first = this.peek();
    if (!startsOperand(first)) this.unexpected(first, context);
    for (;;) {
      const operand = this.parseOperand();
      if (operand !== null) operands.push(operand);
      const token = this.peek();
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') break;
      if (token.kind === 'pipe') {
        this.at++;
        break;
      }
      if (operand === null || !token.spaced) this.unexpected(token, 'operand');
    }
    const [word, ...args] = operands;
    if (word === undefined) this.fail('empty command', first);
    return { word, args, start: word.start, end: operands.at(-1)?.end ?? word.end };
  }

  /** A term with the fields that are written right behind it; null when the next token begins no term. */
  private parseOperand(): Operand | null {
    const term = this.parseTerm();
    if (term === null) return null;
    const path: string[] = [];
    let { end } = term;
    while (this.peek().kind === 'field' && !this.peek().spaced) {
      const field = this.next();
      path.push(field.text.slice(1));
      end = field.end;
    }
    if (path.length === 0) return term;
    const { start } = term;
    switch (term.kind) {
      case 'field':
        return { kind: 'field', path: [...term.path, ...path], start, end };
      case 'variable':
        return { kind: 'variable', name: term.name, path, start, end };
      case 'function':
      case 'pipe':
        return { kind: 'chain', base: term, path, start, end };
      default:
        return this.fail(`unexpected . after term ${JSON.stringify(this.source.text.slice(start, term.end))}`, term);
    }
  }

  private parseTerm(): Operand | null {
    const token = this.peek();
    if (!startsOperand(token)) return null;
    this.at++;
    const { start, end } = token;
    switch (token.kind) {
      case 'identifier':
        if (!this.options.isFunction(token.text))
          this.fail(`function ${JSON.stringify(token.text)} not defined`, token);
        return { kind: 'function', name: token.text, start, end };
      case 'dot':
        return { kind: 'dot', start, end };
      case 'keyword':
        return { kind: 'nil', start, end };
      case 'variable':
        if (!this.scope.variables.includes(token.text))
          this.fail(`undefined variable ${JSON.stringify(token.text)}`, token);
        return { kind: 'variable', name: token.text, path: [], start, end };
      case 'field':
        return { kind: 'field', path: [token.text.slice(1)], start, end };
      case 'bool':
        return { kind: 'bool', value: token.text === 'true', start, end };
      case 'character':
        return this.constant(parseCharacter(token.text), token);
      case 'number':
      case 'complex':
        return this.constant(parseNumber(token.text), token);
      case 'string':
        return { kind: 'string', value: unquote(token.text) ?? this.fail('invalid syntax', token), start, end };
      default: {
        this.enter(token);
        const pipe = this.parsePipe('parenthesized pipeline', 'rightParen');
        this.depth--;
        return { kind: 'pipe', pipe, start, end: this.tokens[this.at - 1]?.end ?? end };
      }
    }
  }

  private constant(result: ConstantResult, token: Token): Operand {
    if (!result.ok) this.fail(result.message, token);
    return { kind: 'number', value: result.value, start: token.start, end: token.end };
  }
}
