/**
 * The proxy configuration of one pod: Istio's defaults, the mesh's `defaultConfig` and the pod's annotation `proxy.istio.io/config`,
 * each over the one before. ProxyConfig resources of a cluster are not known here.
 */
import { GoRef } from '../../../template/value.ts';
import { featuresAt } from '../features.ts';
import { NEWEST_MINOR } from '../releases.ts';
import type { MeshConfig, ProxyConfig } from './config.ts';
import { MessageDecoder } from './decode-message.ts';
import { defaultProxyConfig } from './default-config.ts';
import { readDocument } from './effective-mesh.ts';
import { mergeProxyConfig, mergeProxyDocument } from './merge-proxy-config.ts';
import { MeshConfigError } from './mesh-error.ts';
import { MESH_CONFIG, PROXY_CONFIG } from './mesh-schema.ts';
import { type ProxyDemands, validateProxyConfig } from './validate-proxy.ts';

/**
 * Who merges. `webhook`: zero values in the annotation change nothing, and defaults fill what the mesh leaves out. `kube-inject`: the
 * annotation's fields, zero values included, go over the mesh's `defaultConfig`, which templates then see in `.MeshConfig` too.
 */
export type MergeMode = 'webhook' | 'kube-inject';

export interface MergeOptions {
  /** Default: webhook. */
  readonly mode?: MergeMode;
  /** Minor release of Istio. Default: the newest. */
  readonly minor?: number;
}

/** Merges annotations over one mesh's configuration. Holds what all pods share. */
export class ProxyConfigMerger {
  readonly #mode: MergeMode;
  readonly #minor: number;
  readonly #defaults: ProxyConfig;
  readonly #base: ProxyConfig;
  readonly #demands: ProxyDemands;

  constructor(mesh: MeshConfig, { mode = 'webhook', minor = NEWEST_MINOR }: MergeOptions) {
    this.#mode = mode;
    this.#minor = minor;
    this.#demands = featuresAt({ line: minor, patch: 0 });
    this.#defaults = defaultProxyConfig(minor);
    const ofMesh = mesh.defaultConfig ?? {};
    this.#base = mode === 'webhook' ? mergeProxyConfig(this.#defaults, ofMesh) : ofMesh;
  }

  /**
   * The configuration of a pod. `annotation` is the text of `proxy.istio.io/config`, undefined where the pod has none. Throws
   * MeshConfigError (MESH_CONFIG_SYNTAX, _TYPE, _LIMIT, or _INVALID where Istio's annotation validation rejects it): Istio denies
   * the pod then.
   */
  merge(annotation: string | undefined): ProxyConfig {
    if (annotation === undefined) return this.#base;
    const document = readDocument(annotation);
    const decoder = new MessageDecoder(this.#minor);
    const given = decoder.decode(PROXY_CONFIG, document) as ProxyConfig;
    if (decoder.problems.length > 0) throw new MeshConfigError(decoder.problems);
    // Istio validates the annotation over its defaults, not over the mesh's configuration.
    const problems = validateProxyConfig({ ...this.#defaults, ...given }, '', this.#demands);
    if (problems.length > 0) throw new MeshConfigError(problems);
    if (this.#mode === 'webhook') return mergeProxyConfig(this.#base, given);
    return mergeProxyDocument(this.#base, document, decoder);
  }
}

/** The configuration of one pod; see ProxyConfigMerger.merge. */
export function effectiveProxyConfig(
  mesh: MeshConfig,
  annotation: string | undefined,
  options: MergeOptions = {},
): ProxyConfig {
  return new ProxyConfigMerger(mesh, options).merge(annotation);
}

/** `.MeshConfig` of templates: a *v1alpha1.MeshConfig. */
export function meshConfigRef(mesh: MeshConfig): GoRef {
  return new GoRef(MESH_CONFIG.goPointer, mesh);
}

/** `.ProxyConfig` of templates: a *v1alpha1.ProxyConfig. */
export function proxyConfigRef(proxyConfig: ProxyConfig): GoRef {
  return new GoRef(PROXY_CONFIG.goPointer, proxyConfig);
}
