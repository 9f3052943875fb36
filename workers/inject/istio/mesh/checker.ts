/**
 * Collects what validation finds wrong in a message, with the path to it.
 */
import { GoRef } from '../../../template/value.ts';
import type { Duration } from './duration.ts';
import { nanosOf } from './duration.ts';
import type { MeshProblem } from './mesh-error.ts';
import type { Message } from './message.ts';

const NANOS_PER_MILLISECOND = 1_000_000n;

/** A message under validation. Members that are not set read as their zero values. */
export class Checker {
  readonly #message: Message;
  readonly #path: string;
  readonly #problems: MeshProblem[];

  constructor(message: Message, path = '', problems: MeshProblem[] = []) {
    this.#message = message;
    this.#path = path;
    this.#problems = problems;
  }

  get problems(): readonly MeshProblem[] {
    return this.#problems;
  }

  /** Notes a problem of a member (or of the message itself for ''). null is no problem. */
  report(member: string, message: string | null): void {
    if (message === null) return;
    this.#problems.push({ code: 'MESH_CONFIG_INVALID', path: this.#at(member), message });
  }

  text(member: string): string {
    const value = this.#message[member];
    return typeof value === 'string' ? value : '';
  }

  number(member: string): number {
    return Number(this.#message[member] ?? 0);
  }

  flag(member: string): boolean {
    return this.#message[member] === true;
  }

  texts(member: string): readonly string[] {
    return (this.#message[member] ?? []) as readonly string[];
  }

  entries(member: string): Readonly<Record<string, unknown>> {
    return (this.#message[member] ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** A duration; undefined when it is not set. */
  duration(member: string): Duration | undefined {
    return this.#message[member] as Duration | undefined;
  }

  /** The number or boolean within a wrapper; undefined when it is not set. */
  wrapped(member: string): number | boolean | undefined {
    const wrapper = this.#message[member] as Message | undefined;
    if (wrapper === undefined) return undefined;
    const value = wrapper['value'];
    return typeof value === 'boolean' ? value : Number(value ?? 0);
  }

  /** A message within; undefined when it is not set. */
  within(member: string): Checker | undefined {
    const inner = this.#message[member] as Message | undefined;
    return inner === undefined ? undefined : new Checker(inner, this.#at(member), this.#problems);
  }

  /** The messages of a list. */
  each(member: string): readonly Checker[] {
    const list = (this.#message[member] ?? []) as readonly Message[];
    return list.map((inner, index) => new Checker(inner, `${this.#at(member)}[${index}]`, this.#problems));
  }

  /** The set member of a oneof as [Go name, value], given by the oneof's Go name; undefined when none is set. */
  oneof(goName: string): readonly [string, unknown] | undefined {
    const held = this.#message[goName];
    return held instanceof GoRef ? Object.entries(held.data as Message)[0] : undefined;
  }

  /** A message that is one of a oneof's members, both by their Go names; undefined when another or none is set. */
  choice(goName: string, member: string): Checker | undefined {
    const [name, value] = this.oneof(goName) ?? [];
    if (name !== member) return undefined;
    const jsonName = member.charAt(0).toLowerCase() + member.slice(1);
    return new Checker(value as Message, this.#at(jsonName), this.#problems);
  }

  /** At least a millisecond, and whole milliseconds. An unset duration is zero. Tells whether it is so. */
  requireDuration(member: string): boolean {
    const nanos = nanosOf(this.duration(member));
    const problem =
      nanos < NANOS_PER_MILLISECOND
        ? 'must be at least 1ms'
        : nanos % NANOS_PER_MILLISECOND !== 0n
          ? 'must be whole milliseconds'
          : null;
    this.report(member, problem);
    return problem === null;
  }

  /** The same, for a duration that may be unset. */
  checkDuration(member: string): void {
    if (this.duration(member) !== undefined) this.requireDuration(member);
  }

  #at(member: string): string {
    if (member === '') return this.#path;
    return this.#path === '' ? member : `${this.#path}.${member}`;
  }
}
