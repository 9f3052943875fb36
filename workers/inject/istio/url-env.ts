/** KEY/VALUE pairs of the webhook's URL (`/inject/cluster/C/net/N/KEY/VALUE`) as environment variables of the proxy. */
import { ENV_CLUSTER, ENV_NETWORK } from './names.ts';

/** The proxy's environment from outside the template, by name. */
export type ProxyEnv = Map<string, string>;

const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['cluster', ENV_CLUSTER],
  ['net', ENV_NETWORK],
]);

/** strings.ToUpper: letter by letter, so `ß` stays. */
function toUpper(text: string): string {
  const upper = text.toUpperCase();
  if (upper.length === text.length) return upper;
  return Array.from(text, (letter) =>
    letter.toUpperCase().length === letter.length ? letter.toUpperCase() : letter,
  ).join('');
}

/** The environment that a request's parameters ask for; other keys than `cluster` and `net` are upper-cased names. */
export function envOfParams(params: Readonly<Record<string, string>>): ProxyEnv {
  const env: ProxyEnv = new Map();
  for (const key of Object.keys(params)) {
    const name = SPECIAL.get(key) ?? toUpper(key);
    if (name !== '') env.set(name, params[key] ?? '');
  }
  return env;
}
