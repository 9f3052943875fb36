/**
 * The values text (key `values` of ConfigMap istio-sidecar-injector): a plain tree for the templates, and the few members that
 * the injector reads itself. Istio reads these through a protobuf schema, so their types are checked when a revision compiles.
 */
import { sprint } from '../../template/printf.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import type { CompileProblem } from '../provider.ts';
import type { Location } from './cluster-env.ts';
import type { ImageValues } from './image.ts';

export interface Values {
  /** What templates see as .Values. */
  readonly tree: JsonObject;
  readonly images: ImageValues;
  readonly location: Location;
  readonly rewriteProbes: boolean;
  readonly holdApplication: boolean;
}

const FIELD = 'values';

/** Reads members by path and notes those of the wrong type. */
class Reader {
  readonly problems: CompileProblem[] = [];
  readonly #tree: JsonObject;
  constructor(tree: JsonObject) {
    this.#tree = tree;
  }

  #at(path: string): JsonValue {
    let value: JsonValue = this.#tree;
    const done: string[] = [];
    for (const key of path.split('.')) {
      if (value === null) return null;
      if (typeof value !== 'object' || Array.isArray(value)) {
        this.#wrong(done.join('.'), 'a mapping');
        return null;
      }
      value = Object.hasOwn(value, key) ? (value[key] ?? null) : null;
      done.push(key);
    }
    return value;
  }

  #wrong(path: string, wanted: string): void {
    const message = `${path} must be ${wanted}`;
    if (this.problems.some((problem) => problem.message === message)) return;
    this.problems.push({ code: 'VALUES_TYPE', field: FIELD, message });
  }

  text(path: string): string {
    const value = this.#at(path);
    if (value === null) return '';
    if (typeof value === 'string') return value;
    this.#wrong(path, 'a string');
    return '';
  }

  flag(path: string): boolean {
    const value = this.#at(path);
    if (value === null) return false;
    if (typeof value === 'boolean') return value;
    this.#wrong(path, 'true or false');
    return false;
  }

  /** A tag may be written as a number; it is printed as Go prints it. */
  printed(path: string): string {
    const value = this.#at(path);
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return sprint(value);
    if (typeof value === 'boolean') return String(value);
    if (value !== null) this.#wrong(path, 'a string or a number');
    return '';
  }
}

/** Reads what the injector needs of the values. Problems (code VALUES_TYPE) are told, not thrown. */
export function readValues(tree: JsonObject): {
  readonly values: Values;
  readonly problems: readonly CompileProblem[];
} {
  const reader = new Reader(tree);
  const values: Values = {
    tree,
    images: {
      hub: reader.text('global.hub'),
      tag: reader.printed('global.tag'),
      variant: reader.text('global.variant'),
      proxy: reader.text('global.proxy.image'),
      proxyInit: reader.text('global.proxy_init.image'),
    },
    location: {
      cluster: reader.text('global.multiCluster.clusterName'),
      network: reader.text('global.network'),
    },
    rewriteProbes: reader.flag('sidecarInjectorWebhook.rewriteAppHTTPProbe'),
    holdApplication: reader.flag('global.proxy.holdApplicationUntilProxyStarts'),
  };
  return { values, problems: reader.problems };
}

/** istiod's environment as the values set it (`pilot.env`, since Istio 1.26); what is no text or number is left out. */
export function valuesEnv(tree: JsonObject | undefined): Readonly<Record<string, string>> {
  const env: Record<string, string> = Object.create(null);
  const pilot = tree !== undefined && Object.hasOwn(tree, 'pilot') ? tree['pilot'] : null;
  if (typeof pilot !== 'object' || pilot === null || Array.isArray(pilot) || !Object.hasOwn(pilot, 'env')) return env;
  const given = pilot['env'];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return env;
  for (const key of Object.keys(given)) {
    const value = given[key] ?? null;
    if (typeof value === 'string') env[key] = value;
    else if (typeof value === 'number' || typeof value === 'boolean') env[key] = sprint(value);
  }
  return env;
}
