/**
 * The gateway's options: one table from which the flags, the environment variables, the keys of the configuration file and the help
 * are made. Each has a flag `--tls-cert`, a variable `MESHGATE_TLS_CERT` and a key `tlsCert`.
 */
import { availableParallelism } from 'node:os';
import type { SourceSpec } from '../gitsync/source-spec.ts';
import { LOG_LEVELS, type LogLevel } from '../telemetry/logger.ts';
import { type Address, parseAddress } from './address.ts';
import { parseDuration } from './duration.ts';

/** What flags, variables and keys of the file give. */
export interface FlagOptions {
  /** Null where the file names its sources. */
  readonly source: string | null;
  readonly ref: string | null;
  readonly path: string | null;
  readonly listen: Address;
  readonly admin: Address;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly clientCa: string | null;
  /** DNS names and addresses that a self-made certificate is good for, besides localhost. */
  readonly serviceNames: readonly string[];
  /** How often the source is looked at, in milliseconds. */
  readonly interval: number;
  readonly state: string;
  readonly workers: number;
  readonly workerMemory: number;
  readonly processes: number;
  /** A file, or `in-cluster`; null: no cluster is asked anything. */
  readonly kubeconfig: string | null;
  /** Where the gateway keeps its Lease and ConfigMap; null: in the kubeconfig's namespace. */
  readonly clusterNamespace: string | null;
  /** How long the gateway goes on accepting after it says that it is not ready any more, in milliseconds. */
  readonly drainDelay: number;
  /** How long requests in flight may take to finish at the end, in milliseconds. */
  readonly drainTimeout: number;
  readonly logLevel: LogLevel;
  readonly otlpEndpoint: string | null;
  /** Holds the secret that calls of the webhook receiver are signed with; null: there is no receiver. */
  readonly hookTokenFile: string | null;
}

export interface GatewayOptions extends FlagOptions {
  /** At least one, the base first. */
  readonly sources: readonly SourceSpec[];
}

export type OptionKey = keyof FlagOptions;

export interface OptionSpec<T> {
  readonly placeholder: string;
  readonly help: string;
  /** Undefined: the option has to be given. */
  readonly fallback: T | undefined;
  /** The value of a text; undefined when the text can not be one. */
  readonly parse: (text: string) => T | undefined;
  /** What a value looks like, for the error. */
  readonly expects: string;
}

type OptionTable = { readonly [K in OptionKey]: OptionSpec<FlagOptions[K]> };

/** Node's timers can wait this long. */
const MAX_DURATION_MS = 2 ** 31 - 1;

const text = (value: string): string | undefined => (value === '' ? undefined : value);
const address = (value: string): Address | undefined => parseAddress(value) ?? undefined;

function integer(min: number, max: number): (value: string) => number | undefined {
  return (value) => {
    if (!/^\d{1,9}$/.test(value)) return undefined;
    const number = Number(value);
    return number >= min && number <= max ? number : undefined;
  };
}

function duration(minMs: number): (value: string) => number | undefined {
  return (value) => {
    const ms = parseDuration(value);
    return ms !== null && ms >= minMs && ms <= MAX_DURATION_MS ? ms : undefined;
  };
}

function names(value: string): readonly string[] | undefined {
  const list = value.split(',').map((name) => name.trim());
  return list.every((name) => /^[A-Za-z0-9*]([A-Za-z0-9.:*-]*[A-Za-z0-9])?$/.test(name)) ? list : undefined;
}

function file(help: string): OptionSpec<string | null> {
  return { placeholder: 'FILE', help, fallback: null, parse: text, expects: 'a file' };
}

export const OPTIONS: OptionTable = {
  source: {
    placeholder: 'DIR|URL',
    help: 'policy source: a folder, a local repository or the URL of one; several are named in the file of --config',
    fallback: null,
    parse: text,
    expects: 'a folder or URL',
  },
  ref: {
    placeholder: 'REF',
    help: 'branch, tag or commit (default: what HEAD points to)',
    fallback: null,
    parse: text,
    expects: 'a branch, tag or commit',
  },
  path: {
    placeholder: 'PATH',
    help: 'folder within the source (default: all of it)',
    fallback: null,
    parse: text,
    expects: 'a folder',
  },
  listen: {
    placeholder: 'HOST:PORT',
    help: 'address for admission reviews; port 0 picks a free one (default: 0.0.0.0:8443)',
    fallback: { host: '0.0.0.0', port: 8443 },
    parse: address,
    expects: 'HOST:PORT',
  },
  admin: {
    placeholder: 'HOST:PORT',
    help: 'address for probes, metrics and status (default: 127.0.0.1:8080)',
    fallback: { host: '127.0.0.1', port: 8080 },
    parse: address,
    expects: 'HOST:PORT',
  },
  tlsCert: file('certificate chain (PEM); without it the gateway makes its own'),
  tlsKey: file('private key of --tls-cert (PEM)'),
  clientCa: file('CA of the clients that may connect (PEM); without it everyone may'),
  serviceNames: {
    placeholder: 'NAME,…',
    help: 'names that a self-made certificate is good for, e.g. meshgate.mesh-system.svc',
    fallback: [],
    parse: names,
    expects: 'names separated by commas',
  },
  interval: {
    placeholder: 'DURATION',
    help: 'how often the source is looked at (default: 1m)',
    fallback: 60_000,
    parse: duration(1_000),
    expects: 'a duration of at least 1s, such as 1m30s',
  },
  state: {
    placeholder: 'DIR',
    help: 'folder for the last good snapshot, the cache and certificates (default: .meshgate)',
    fallback: '.meshgate',
    parse: text,
    expects: 'a folder',
  },
  workers: {
    placeholder: 'N',
    help: 'worker threads in all (default: one less than there are cores, at least 1)',
    fallback: Math.max(1, availableParallelism() - 1),
    parse: integer(1, 256),
    expects: 'a number from 1 to 256',
  },
  workerMemory: {
    placeholder: 'MIB',
    help: 'heap of one worker; one that needs more is replaced (default: 512)',
    fallback: 512,
    parse: integer(32, 65_536),
    expects: 'a number of MiB from 32 to 65536',
  },
  processes: {
    placeholder: 'N',
    help: 'processes that listen and share the workers, for when one is the limit (default: 1)',
    fallback: 1,
    parse: integer(1, 64),
    expects: 'a number from 1 to 64',
  },
  kubeconfig: {
    placeholder: 'FILE|in-cluster',
    help: "cluster to watch, which also keeps the state of rollouts; in-cluster: by the pod's service account",
    fallback: null,
    parse: text,
    expects: 'a file, or in-cluster',
  },
  clusterNamespace: {
    placeholder: 'NAMESPACE',
    help: "namespace of the gateway's Lease and ConfigMap (default: that of --kubeconfig, or the pod's own)",
    fallback: null,
    parse: (value) => (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value) ? value : undefined),
    expects: 'the name of a namespace',
  },
  drainDelay: {
    placeholder: 'DURATION',
    help: 'how long to go on accepting after saying "not ready" at the end (default: 3s)',
    fallback: 3_000,
    parse: duration(0),
    expects: 'a duration such as 5s or 0',
  },
  drainTimeout: {
    placeholder: 'DURATION',
    help: 'how long requests in flight may take to finish at the end (default: 30s)',
    fallback: 30_000,
    parse: duration(0),
    expects: 'a duration such as 30s',
  },
  logLevel: {
    placeholder: 'LEVEL',
    help: `one of ${LOG_LEVELS.join(', ')} (default: info)`,
    fallback: 'info',
    parse: (value) => LOG_LEVELS.find((level) => level === value),
    expects: `one of ${LOG_LEVELS.join(', ')}`,
  },
  otlpEndpoint: {
    placeholder: 'URL',
    help: 'collector for traces (default: OTEL_EXPORTER_OTLP_ENDPOINT; without either nothing is traced)',
    fallback: null,
    parse: (value) => (/^https?:\/\/[^/]/.test(value) && URL.canParse(value) ? value : undefined),
    expects: 'an http or https URL',
  },
  hookTokenFile: file('secret of the webhook receiver, POST /hooks/git on the admin address; without it there is none'),
};

/** `tlsCert` as `tls-cert`. */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `tlsCert` as `MESHGATE_TLS_CERT`. */
export function environmentName(key: string): string {
  return `MESHGATE_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
}
