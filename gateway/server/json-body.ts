/** The JSON body of a request to the admin port, read within limits and checked member by member. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import { readParts } from './request-body.ts';

const BODY_LIMIT_BYTES = 256 * 1024;

/** Rejects with ADMIN_BODY_INVALID where the body is no JSON object, and with BODY_TOO_LARGE or REQUEST_TIMEOUT. */
export async function readJsonBody(request: IncomingMessage): Promise<JsonBody> {
  const text = await readText(request);
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    throw invalid('The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('The body is not an object.');
  return new JsonBody(value as Record<string, unknown>);
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  await readParts(request, BODY_LIMIT_BYTES, (part) => parts.push(part));
  return Buffer.concat(parts).toString();
}

/** Members are taken one by one; what is left at the end nobody knows. All throw ADMIN_BODY_INVALID. */
export class JsonBody {
  readonly #rest: Map<string, unknown>;

  constructor(value: Readonly<Record<string, unknown>>) {
    this.#rest = new Map(Object.entries(value));
  }

  /** The member, or the fallback where it is left out or null. */
  text<T extends string | null>(name: string, fallback: T): string | T {
    const value = this.#take(name) ?? fallback;
    if (value !== fallback && (typeof value !== 'string' || value === '')) throw invalid(`${name} is not a text.`);
    return value as string | T;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'boolean') throw invalid(`${name} is neither true nor false.`);
    return value;
  }

  /** Above 0 and up to `max`. */
  number(name: string, fallback: number, max: number): number {
    const value = this.#take(name) ?? fallback;
    if (typeof value !== 'number' || !(value > 0) || value > max) {
      throw invalid(`${name} is not a number above 0 and up to ${max}.`);
    }
    return value;
  }

  /** Null where it is left out or null. */
  object(name: string): JsonBody | null {
    const value = this.#take(name) ?? null;
    if (value === null) return null;
    if (typeof value !== 'object' || Array.isArray(value)) throw invalid(`${name} is not an object.`);
    return new JsonBody(value as Record<string, unknown>);
  }

  /** What the member is, for whoever checks it. */
  value(name: string): unknown {
    return this.#take(name);
  }

  /** Throws where there are members that nobody took. */
  end(): void {
    const [unknown] = this.#rest.keys();
    if (unknown !== undefined) throw invalid(`There is no member ${JSON.stringify(unknown)}.`);
  }

  #take(name: string): unknown {
    const value = this.#rest.get(name);
    this.#rest.delete(name);
    return value;
  }
}

function invalid(message: string): GatewayError {
  return new GatewayError('ADMIN_BODY_INVALID', message);
}
