/** What generated code calls (program.ts) where a step takes more than a line. */
import { Loop } from '../compile.ts';
import { displayText } from '../display.ts';
import { readField } from '../field.ts';
import { isTrue, ownMember, wrap } from '../reflect.ts';
import type { Flow, Frame, Run, Slot } from '../run.ts';
import { NORMAL } from '../run.ts';
import type { Site } from '../site.ts';
import { GoRef } from '../value.ts';

/** One round of a range; `index` is there only where the template asks for it. */
export type Round = (index: Slot, element: Slot) => void;

export type GenericRange = (run: Run, value: Slot, round: Round) => boolean;

/** A range over what is only known when it runs; false when there was nothing to go through. `indexed`: two variables. */
export function genericRange(indexed: boolean, site: Site): GenericRange {
  const keepIndex = ({ slots }: Frame, value: Slot): void => {
    slots[0] = value;
  };
  const ignore = (): void => undefined;
  return (run, value, round) => {
    const body = ({ slots }: Frame, element: Slot): Flow => {
      round(slots[0], element);
      return NORMAL;
    };
    return new Loop(indexed ? [keepIndex, ignore] : [], body, site).run({ run, slots: [undefined] }, value);
  };
}

/** The data behind a reference; data that is none is itself. */
function dereferenced(data: unknown): unknown {
  return data instanceof GoRef ? data.data : data;
}

/** A member of an object's own; of anything else undefined. */
function memberOf(data: unknown, name: string): unknown {
  const isRecord = typeof data === 'object' && data !== null && !Array.isArray(data);
  return isRecord ? ownMember(data as { readonly [key: string]: unknown }, name) : undefined;
}

/** By the names under which generated code knows them. */
export const SUPPORT = {
  Ref: GoRef,
  isTrue,
  show: displayText,
  field: readField,
  wrap,
  data: dereferenced,
  member: memberOf,
} as const;

const PROTOTYPES: readonly object[] = [
  Object,
  Array,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Function,
  Map,
  Set,
  Uint8Array,
].map(({ prototype }) => prototype as object);

/** Whether `value?.[name]` is a member of the value's own or undefined, whatever plain data the value is. */
export function isPlainName(name: string): boolean {
  return !/^\d*$/.test(name) && !PROTOTYPES.some((prototype) => name in prototype);
}
