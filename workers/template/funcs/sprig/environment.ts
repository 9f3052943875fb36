/**
 * sprig's functions that look outside: environment and network. Templates see only what the options give them.
 */
import type { CallContext, GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import { fn1, text } from '../signature.ts';

export interface EnvironmentOptions {
  /** The environment that templates see. Without it, reading a variable is an error. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `${NAME}`, `$NAME`, one of the shell's special names, or a `${` that goes wrong. */
const REFERENCE = /\$(?:\{([*#$@!?\-0-9])\}|\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|([_0-9A-Za-z]+))/g;

/** os.Expand: bad syntax (`${}`, `${` without end) vanishes, a `$` before anything else stays. */
function expand(value: string, read: (name: string) => string, context: CallContext): string {
  return value.replace(
    REFERENCE,
    (_all, special?: string, braced?: string, _open?: string, lone?: string, plain?: string) => {
      const name = special ?? braced ?? lone ?? plain ?? '';
      const replacement = name === '' ? '' : read(name);
      context.charge(replacement.length);
      return replacement;
    },
  );
}

export function environmentFuncs({ env }: EnvironmentOptions): readonly (readonly [string, GoFunc])[] {
  const read = (name: string): string => {
    if (env === undefined) throw new FuncError(`the environment is not available to templates: ${name}`);
    return (Object.hasOwn(env, name) ? env[name] : undefined) ?? '';
  };
  const resolve = (host: string): never => {
    throw new FuncError(`getHostByName is not available to templates: ${host} is not looked up`);
  };
  return [
    ['env', fn1(text, read)],
    ['expandenv', fn1(text, (value, context) => expand(value, read, context))],
    ['getHostByName', fn1(text, resolve)],
  ];
}
