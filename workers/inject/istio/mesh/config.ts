/**
 * MeshConfig and ProxyConfig with the members that the injector itself reads. Everything else is reached through the schema.
 */
import type { Duration } from './duration.ts';
import type { Message } from './message.ts';

export interface BoolValue extends Message {
  readonly value?: boolean;
}

export interface ProxyConfig extends Message {
  readonly statusPort?: number;
  /** 0 REDIRECT, 1 TPROXY, 2 NONE. */
  readonly interceptionMode?: number;
  readonly image?: { readonly imageType?: string };
  readonly holdApplicationUntilProxyStarts?: BoolValue;
  readonly proxyMetadata?: Readonly<Record<string, string>>;
  readonly proxyHeaders?: Message;
  readonly drainDuration?: Duration;
}

export interface MeshConfig extends Message {
  readonly defaultConfig?: ProxyConfig;
  readonly defaultProviders?: Message;
  readonly extensionProviders?: readonly Message[];
  readonly trustDomain?: string;
  readonly trustDomainAliases?: readonly string[];
  readonly rootNamespace?: string;
  readonly enablePrometheusMerge?: BoolValue;
  /** Mode: 0 PASSTHROUGH, 1 LOCALHOST. */
  readonly inboundTrafficPolicy?: { readonly mode?: number };
}

/** InboundTrafficPolicyMode of templates: `localhost` or `passthrough`. */
export function inboundTrafficPolicyMode(mesh: MeshConfig): 'localhost' | 'passthrough' {
  return mesh.inboundTrafficPolicy?.mode === 1 ? 'localhost' : 'passthrough';
}

/** Whether application metrics are merged where the pod does not say: the mesh's setting; on when it has none. */
export function enablePrometheusMerge(mesh: MeshConfig): boolean {
  return mesh.enablePrometheusMerge === undefined || mesh.enablePrometheusMerge.value === true;
}

/** Whether containers wait for the proxy. */
export function holdApplicationUntilProxyStarts(config: ProxyConfig): boolean {
  return config.holdApplicationUntilProxyStarts?.value === true;
}
