/**
 * Where a cluster's API is and how to log in: a kubeconfig file, or the service account of the pod that this runs in. The reading and
 * the ways to log in (tokens and their files, client certificates, exec plugins, OIDC) are those of Kubernetes' own client; its
 * requests are not used, for they open a new connection pool each time, neither page nor bound lists, and drop what is no JSON.
 */
import { createHash } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import type { buildConnector, Dispatcher } from 'undici';
import { ClusterError, messageOf } from './cluster-error.ts';

/** In place of a file: the service account of the pod. */
export const IN_CLUSTER = 'in-cluster';
/** As kubectl's, where a context names none. */
const DEFAULT_NAMESPACE = 'default';
/** What the package makes up where nothing is there. */
const NO_CLUSTER = 'http://localhost:8080';

export interface AccessOptions {
  /** A file, or IN_CLUSTER; null: KUBECONFIG's files, ~/.kube/config or the pod's service account, whichever is there. */
  readonly kubeconfig: string | null;
  /** Null: the file's current one. */
  readonly context?: string | null;
}

/** How the next request goes out. */
export interface Authorization {
  readonly dispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ClusterAccess {
  /** URL without a slash at its end. */
  readonly server: string;
  /** Of the context or the service account. */
  readonly namespace: string;
  /** Asked for each request: tokens and certificates are renewed. Rejects with CLUSTER_CONFIG_INVALID. */
  authorize(): Promise<Authorization>;
  close(): Promise<void>;
}

/** Rejects with CLUSTER_CONFIG_INVALID. Nothing is asked of the cluster yet. */
export async function openAccess(options: AccessOptions): Promise<ClusterAccess> {
  const { context = null } = options;
  const kubeconfig = options.kubeconfig ?? 'of the environment';
  // Loaded late: the package takes most of a second, and most gateways and commands need none of it.
  const [kubernetes, undici] = await Promise.all([import('@kubernetes/client-node'), import('undici')]);
  const config = new kubernetes.KubeConfig();
  load(config, options.kubeconfig, context);
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null) {
    const which = context ?? config.getCurrentContext();
    throw invalid(`The kubeconfig ${kubeconfig} has no context ${JSON.stringify(which)} with a cluster and a user`);
  }
  const server = cluster.server.replace(/\/+$/, '');
  if (!URL.canParse(server)) throw invalid(`The kubeconfig ${kubeconfig} has no address of a server`);
  const pools = new DispatcherCache(undici);
  return {
    server,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace?.trim() || DEFAULT_NAMESPACE,
    authorize: async () => {
      try {
        // A kubeconfig's certificate files are read anew here, and tokens renewed.
        const tls: TlsOptions = {};
        await config.applyToHTTPSOptions(tls);
        const basic = typeof tls.auth === 'string' ? { authorization: `Basic ${base64(tls.auth)}` } : {};
        const headers = { ...basic, ...textHeaders(tls.headers) };
        return { headers, dispatcher: pools.for(config, tls) };
      } catch (error) {
        throw invalid(`Can not log in to the cluster of ${kubeconfig}: ${messageOf(error)}`, error);
      }
    },
    close: () => pools.close(),
  };
}

type TlsOptions = Parameters<KubeConfig['applyToHTTPSOptions']>[0] & { auth?: string | null | undefined };

/** The other package's types leave out what may be undefined; nothing is. */
type TlsParts = buildConnector.BuildOptions;

function load(config: KubeConfig, kubeconfig: string | null, context: string | null): void {
  try {
    if (kubeconfig === null) {
      config.loadFromDefault();
      if (config.getCurrentCluster()?.server === NO_CLUSTER) throw new Error('there is none');
    } else if (kubeconfig === IN_CLUSTER) {
      if (!process.env['KUBERNETES_SERVICE_HOST'])
        throw new Error('KUBERNETES_SERVICE_HOST is not set: this is no pod');
      config.loadFromCluster();
    } else config.loadFromFile(kubeconfig);
    if (context !== null) config.setCurrentContext(context);
  } catch (error) {
    throw invalid(`The kubeconfig ${kubeconfig ?? 'of the environment'} can not be read: ${messageOf(error)}`, error);
  }
}

/** One connection pool, replaced when the certificates that it was made with are. */
class DispatcherCache {
  readonly #undici: typeof import('undici');
  #current: { readonly key: string; readonly dispatcher: Dispatcher } | null = null;

  constructor(undici: typeof import('undici')) {
    this.#undici = undici;
  }

  for(config: KubeConfig, options: TlsOptions): Dispatcher {
    const shape = config.createDispatcherOptions(config.getCurrentCluster(), options);
    const key = createHash('sha256')
      .update(JSON.stringify(shape, (_, value: unknown) => (Buffer.isBuffer(value) ? value.toString('base64') : value)))
      .digest('hex');
    if (this.#current?.key === key) return this.#current.dispatcher;
    // Watches under way keep theirs until they end.
    void this.#current?.dispatcher.close().catch(() => undefined);
    const { Agent, ProxyAgent } = this.#undici;
    const make = (): Dispatcher => {
      switch (shape.type) {
        case 'none':
          return new Agent();
        case 'agent':
          return new Agent({ connect: shape.connect as TlsParts });
        case 'proxy':
          return new ProxyAgent({ uri: shape.uri, requestTls: shape.requestTls as TlsParts });
        case 'socks':
          throw new Error('SOCKS proxies are not supported');
      }
    };
    const dispatcher = make();
    this.#current = { key, dispatcher };
    return dispatcher;
  }

  async close(): Promise<void> {
    const dispatcher = this.#current?.dispatcher;
    this.#current = null;
    await dispatcher?.destroy();
  }
}

function textHeaders(headers: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  if (typeof headers !== 'object' || headers === null) return texts;
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) texts[name.toLowerCase()] = String(value);
  return texts;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function invalid(message: string, cause?: unknown): ClusterError {
  return new ClusterError('CLUSTER_CONFIG_INVALID', message, { cause });
}
