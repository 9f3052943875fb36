/** Code for values: reading members of typed data, and turning what is known of a value into what a caller needs. */
import type { FieldAccess } from '../field.ts';
import type { GoType } from '../value.ts';
import type { Held, Program } from './program.ts';
import { isPlainName } from './support.ts';

/** The expression of a value as the engine passes it. */
export function boxed(program: Program, held: Held): string {
  return held.known === 'data' ? `new Ref(${program.constant(held.type)},${held.code})` : held.code;
}

/** The expression of a value's truth. */
export function truthOf(program: Program, held: Held): string {
  switch (held.known) {
    case 'text':
      return `${held.code}!==''`;
    case 'bool':
      return held.code;
    default:
      return `isTrue(${boxed(program, held)})`;
  }
}

/** Plain data under a static type, as reflect.ts's `wrap` sees it. */
export function typed(program: Program, type: GoType, data: string): Held {
  const plain = type.name === undefined && type.methods === undefined;
  switch (type.kind) {
    case 'struct':
    case 'map':
    case 'slice':
    case 'pointer':
      return { known: 'data', type, code: program.temporary(`data(${data})`) };
    case 'string':
      if (plain) return { known: 'text', code: program.temporary(`typeof ${data}==='string'?${data}:''`) };
      break;
    case 'bool':
      if (plain) return { known: 'bool', code: program.temporary(`${data}===true`) };
      break;
    default:
      break;
  }
  return { known: 'slot', code: program.temporary(`wrap(${program.constant(type)},${data})`) };
}

/** A member of data, read once in a block. */
export function member(program: Program, data: string, name: string, type: GoType): Held {
  const key = program.constant(name);
  return program.once(`${data}.${key}`, () => {
    const read = isPlainName(name) ? `${data}?.[${key}]` : `member(${data},${key})`;
    return typed(program, type, program.temporary(read));
  });
}

/** A field of a value: of a known struct's data at once, of anything else as the engine finds it. */
export function fieldOf(program: Program, held: Held, access: FieldAccess): Held {
  if (held.known === 'data' && held.type.kind === 'struct' && held.type.methods?.has(access.name) !== true) {
    const field = held.type.fields.get(access.name);
    if (field !== undefined) return member(program, held.code, field.jsonName, field.type);
  }
  const read = `field(${boxed(program, held)},${program.constant(access)})`;
  return { known: 'slot', code: program.temporary(read) };
}

/** A command's result: an `any` that holds nil is no value. */
export function result(program: Program, held: Held): Held {
  if (held.known !== 'slot') return held;
  return { known: 'slot', code: program.temporary(`${held.code}===null?undefined:${held.code}`) };
}
