/**
 * How one proxy configuration is laid over another: given fields replace, but proxyMetadata is merged entry by entry, and the headers
 * that the new proxyHeaders leave out keep their old setting.
 */
import type { YamlValue } from '../../../yaml/value.ts';
import type { ProxyConfig } from './config.ts';
import type { MessageDecoder } from './decode-message.ts';
import { PROXY_CONFIG } from './mesh-schema.ts';
import type { Message } from './message.ts';
import { isSet } from './message.ts';

/** The members of ProxyHeaders that are kept one by one; the others go when proxyHeaders is given anew. */
const KEPT_HEADERS = ['forwardedClientCert', 'requestId', 'attemptCount', 'server', 'envoyDebugHeaders'] as const;

/** `base` with a document's fields over it, zero values included (Istio's MergeProxyConfig). The decoder notes problems. */
export function mergeProxyDocument(base: ProxyConfig, document: YamlValue, decoder: MessageDecoder): ProxyConfig {
  return keepParts(base, decoder.decode(PROXY_CONFIG, document, base) as ProxyConfig);
}

/**
 * `base` with the set fields of `overlay` over it. Zero values are not set, so they change nothing: Istio's webhook merges by writing
 * the overlay as YAML first, and that leaves them out.
 */
export function mergeProxyConfig(base: ProxyConfig, overlay: ProxyConfig): ProxyConfig {
  const merged: Record<string, unknown> = { ...base };
  for (const field of PROXY_CONFIG.fields) {
    if (!isSet(overlay, field)) continue;
    const member = field.oneof === null ? field.jsonName : field.oneof.goName;
    merged[member] = overlay[member];
  }
  return keepParts(base, merged as ProxyConfig);
}

function keepParts(base: ProxyConfig, merged: ProxyConfig): ProxyConfig {
  const metadata = mergeMetadata(base.proxyMetadata, merged.proxyMetadata);
  const headers = keepHeaders(base.proxyHeaders, merged.proxyHeaders);
  if (metadata === merged.proxyMetadata && headers === merged.proxyHeaders) return merged;
  return {
    ...merged,
    ...(metadata === undefined ? {} : { proxyMetadata: metadata }),
    ...(headers === undefined ? {} : { proxyHeaders: headers }),
  };
}

type Metadata = Readonly<Record<string, string>> | undefined;

function mergeMetadata(base: Metadata, overlay: Metadata): Metadata {
  if (base === undefined || overlay === undefined || base === overlay) return overlay ?? base;
  const merged: Record<string, string> = Object.create(null);
  for (const source of [base, overlay]) {
    for (const key of Object.keys(source)) merged[key] = source[key] ?? '';
  }
  return merged;
}

function keepHeaders(base: Message | undefined, overlay: Message | undefined): Message | undefined {
  if (base === undefined || overlay === undefined || base === overlay) return overlay;
  const merged: Record<string, unknown> = { ...overlay };
  for (const name of KEPT_HEADERS) {
    // An unset header is undefined, or 0 for the one that is an enum.
    if (merged[name] === undefined || merged[name] === 0) merged[name] = base[name];
  }
  return merged;
}
