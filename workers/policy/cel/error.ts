export type CelErrorCode =
  /** The expression met values that it can not work with: what CEL calls an error, and `||`, `&&`, `exists` and `all` absorb. */
  | 'CEL_RUNTIME'
  /** One of the limits (limits.ts); never absorbed. */
  | 'CEL_LIMIT';

/** How an evaluation fails. */
export class CelError extends Error {
  override readonly name = 'CelError';
  readonly code: CelErrorCode;
  constructor(code: CelErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function runtimeError(message: string): CelError {
  return new CelError('CEL_RUNTIME', message);
}

export function noSuchOverload(): CelError {
  return runtimeError('no such overload');
}

export function limitError(message: string): CelError {
  return new CelError('CEL_LIMIT', message);
}
