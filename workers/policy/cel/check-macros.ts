/**
 * The macros that the parser's library does not know, told to its checker: two-variable comprehensions, `optMap`, `optFlatMap`,
 * `sortBy`; and `has()` of any selection. The library hands a macro its syntax trees and asks it for a type; evaluating is ours (macros.ts).
 */
import type { ASTNode, Environment, TypeDeclaration } from '@marcbachmann/cel-js';
import { childrenOf } from './children.ts';

/** The library's checker, as macros see it. */
interface Checker {
  check(node: ASTNode, scope: Scope): TypeDeclaration;
  createError(code: string, message: string, node: ASTNode): Error;
  getType(name: string): TypeDeclaration;
}

interface Scope {
  forkWithVariable(name: string, type: TypeDeclaration): Scope;
}

/** A call of a macro as it is parsed. */
interface Call {
  readonly args: readonly ASTNode[];
  readonly receiver: ASTNode;
}

type TypeOf = (call: Call, checker: Checker, scope: Scope) => TypeDeclaration;

export function registerMacros(environment: Environment): void {
  for (const name of ['all', 'exists', 'exists_one', 'existsOne']) macro(environment, name, 3, quantifier);
  for (const count of [3, 4]) {
    macro(environment, 'transformList', count, (...call) => listOfType(call[1], transform(...call)));
    macro(environment, 'transformMap', count, mapWithKeys);
    macro(environment, 'transformMapEntry', count, mapOfEntries);
  }
  macro(environment, 'optMap', 2, (...call) => call[1].getType(`optional<${nameOf(inOptional(...call))}>`));
  macro(environment, 'optFlatMap', 2, flatMapped);
  macro(environment, 'sortBy', 2, sorted);
}

function macro(environment: Environment, name: string, count: number, typeOf: TypeOf): void {
  const expand = (call: Call) => ({
    typeCheck: (checker: Checker, _: unknown, scope: Scope) => typeOf(call, checker, scope),
    evaluate: never,
    async: false,
  });
  environment.registerFunction(`list.${name}(${Array(count).fill('ast').join(', ')}): dyn`, expand);
}

function never(): never {
  throw new TypeError('the checker evaluates nothing');
}

/** A type's name; what is not known yet (the elements of `[]`) is anything. */
function nameOf(type: TypeDeclaration): string {
  return type.hasPlaceholderType || type.kind === 'dyn' ? 'dyn' : type.name;
}

/** A type, or any where it is not known yet. */
function known(type: TypeDeclaration | undefined, any: TypeDeclaration): TypeDeclaration {
  return type === undefined || type.hasPlaceholderType ? any : type;
}

function listOfType(checker: Checker, type: TypeDeclaration): TypeDeclaration {
  return checker.getType(`list<${nameOf(type)}>`);
}

/** Types of the two variables of a range. */
function entryTypes(range: ASTNode, checker: Checker, scope: Scope): readonly [TypeDeclaration, TypeDeclaration] {
  const type = checker.check(range, scope);
  const any = checker.getType('dyn');
  if (type.kind === 'dyn') return [any, any];
  if (type.kind === 'list') return [checker.getType('int'), known(type.valueType, any)];
  if (type.kind === 'map') return [known(type.keyType, any), known(type.valueType, any)];
  const message = `expression of type '${type.name}' cannot be range of a comprehension (must be list, map, or dynamic)`;
  throw checker.createError('invalid_comprehension_range', message, range);
}

function variable(node: ASTNode | undefined, checker: Checker, call: Call): string {
  if (node?.op === 'id') return node.args;
  throw checker.createError('invalid_macro_argument', 'argument must be a simple name', node ?? call.receiver);
}

/** The scope with both variables of a comprehension. */
function entryScope(call: Call, checker: Checker, scope: Scope): Scope {
  const [first, second] = call.args;
  const names = [variable(first, checker, call), variable(second, checker, call)] as const;
  if (names[0] === names[1]) {
    throw checker.createError(
      'invalid_macro_argument',
      `duplicate variable name: ${names[0]}`,
      second ?? call.receiver,
    );
  }
  const [key, value] = entryTypes(call.receiver, checker, scope);
  return scope.forkWithVariable(names[0], key).forkWithVariable(names[1], value);
}

function checkCondition(node: ASTNode | undefined, checker: Checker, scope: Scope): void {
  if (node === undefined) return;
  const type = checker.check(node, scope);
  if (type.isDynOrBool()) return;
  throw checker.createError('predicate_must_return_bool', `expected type 'bool' but found '${type.name}'`, node);
}

function quantifier(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  checkCondition(call.args[2], checker, entryScope(call, checker, scope));
  return checker.getType('bool');
}

/** The type of a transformation's last argument. */
function transform(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const inner = entryScope(call, checker, scope);
  const [, , third, fourth] = call.args;
  if (fourth !== undefined) checkCondition(third, checker, inner);
  return checker.check((fourth ?? third) as ASTNode, inner);
}

function mapWithKeys(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const [key] = entryTypes(call.receiver, checker, scope);
  return checker.getType(`map<${nameOf(key)}, ${nameOf(transform(call, checker, scope))}>`);
}

function mapOfEntries(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const type = transform(call, checker, scope);
  if (type.kind === 'map' || type.kind === 'dyn') return type.hasPlaceholderType ? checker.getType('map') : type;
  const message = `the last argument of transformMapEntry must be a map, and is a ${type.name}`;
  throw checker.createError('invalid_macro_argument', message, call.args.at(-1) ?? call.receiver);
}

/** The type of what is made of an optional's value. */
function inOptional(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const type = checker.check(call.receiver, scope);
  if (type.kind !== 'optional' && type.kind !== 'dyn') {
    throw checker.createError('optional_expected', `expected an optional but found '${type.name}'`, call.receiver);
  }
  const held = type.kind === 'optional' ? type.valueType : undefined;
  const [first, body] = call.args;
  const inner = scope.forkWithVariable(variable(first, checker, call), known(held, checker.getType('dyn')));
  return checker.check(body as ASTNode, inner);
}

function flatMapped(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const type = inOptional(call, checker, scope);
  if (type.kind === 'optional' || type.kind === 'dyn') return type;
  const message = `optFlatMap must make an optional, and makes a ${type.name}`;
  throw checker.createError('optional_expected', message, call.args[1] ?? call.receiver);
}

const ORDERED = new Set([
  'int',
  'uint',
  'double',
  'bool',
  'string',
  'bytes',
  'dyn',
  'google.protobuf.Duration',
  'google.protobuf.Timestamp',
]);

function sorted(call: Call, checker: Checker, scope: Scope): TypeDeclaration {
  const type = checker.check(call.receiver, scope);
  if (type.kind !== 'list' && type.kind !== 'dyn') {
    throw checker.createError(
      'invalid_receiver',
      `sortBy can only be applied to a list, not to a ${type.name}`,
      call.receiver,
    );
  }
  const [first, body] = call.args;
  const element = known(type.kind === 'list' ? type.valueType : undefined, checker.getType('dyn'));
  const key = checker.check(body as ASTNode, scope.forkWithVariable(variable(first, checker, call), element));
  if (ORDERED.has(nameOf(key))) return type;
  throw checker.createError(
    'invalid_macro_argument',
    `values of type ${key.name} have no order`,
    body ?? call.receiver,
  );
}

/** What the library keeps with a node; it declares no type for it. */
interface MacroNode {
  setMeta(key: 'macro', value: object): void;
}

/**
 * Lets `has()` take any selection, such as `has(object.spec.containers[0].resources)`: the library's own takes names in a row alone.
 * Arguments that are no selection are left to the library, which refuses them.
 */
export function widenPresenceTests(ast: ASTNode): void {
  const due: ASTNode[] = [ast];
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    due.push(...childrenOf(next));
    if (next.op !== 'call' || next.args[0] !== 'has') continue;
    const [field] = next.args[1];
    if (field?.op !== '.' || next.args[1].length !== 1) continue;
    const typeCheck = (checker: Checker, _: unknown, scope: Scope): TypeDeclaration => {
      checker.check(field, scope);
      return checker.getType('bool');
    };
    (next as ASTNode & MacroNode).setMeta('macro', { typeCheck, evaluate: never });
  }
}
