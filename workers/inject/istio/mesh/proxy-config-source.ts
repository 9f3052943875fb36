/**
 * The proxy configurations of one compiled revision. Most pods have no annotation, and the pods of a workload have the same one:
 * what was merged and written once is kept, within bounds.
 */
import type { GoRef } from '../../../template/value.ts';
import type { MeshConfig, ProxyConfig } from './config.ts';
import type { MergeMode } from './effective-proxy-config.ts';
import { meshConfigRef, ProxyConfigMerger, proxyConfigRef } from './effective-proxy-config.ts';
import type { MeshProblem } from './mesh-error.ts';
import { MeshConfigError } from './mesh-error.ts';
import { PROXY_CONFIG } from './mesh-schema.ts';
import type { ProtoJsonWriter } from './proto-json.ts';

/** Annotation texts kept. */
export const MAX_CACHED_ANNOTATIONS = 256;
/** Longer annotations (in UTF-16 units) are merged anew each time, so that the cache stays small. */
export const MAX_CACHED_ANNOTATION_LENGTH = 16 * 1024;

/** A pod's proxy configuration, merged and in the forms that injection needs. */
export interface ResolvedProxyConfig {
  readonly config: ProxyConfig;
  /** `.ProxyConfig` of templates. */
  readonly ref: GoRef;
  /** `.MeshConfig` of templates. The webhook's is the mesh's own whatever the annotation says. */
  readonly meshRef: GoRef;
}

export type ProxyConfigOutcome =
  | { readonly ok: true; readonly resolved: ResolvedProxyConfig }
  /** The pod is to be denied. */
  | { readonly ok: false; readonly problems: readonly MeshProblem[] };

/** Owned by a compiled revision; holds its cache. */
export class ProxyConfigSource {
  readonly #mesh: MeshConfig;
  readonly #mode: MergeMode;
  readonly #merger: ProxyConfigMerger;
  readonly #meshRef: GoRef;
  readonly #plain: ProxyConfigOutcome;
  /** In order of use, the longest unused first. */
  readonly #byAnnotation = new Map<string, ProxyConfigOutcome>();

  constructor(mesh: MeshConfig, options: { readonly mode: MergeMode; readonly minor: number }) {
    this.#mesh = mesh;
    this.#mode = options.mode;
    this.#merger = new ProxyConfigMerger(mesh, options);
    this.#meshRef = meshConfigRef(mesh);
    this.#plain = this.#resolve(undefined);
  }

  /** The configuration for an annotation text; undefined for a pod without one. Never throws. */
  get(annotation: string | undefined): ProxyConfigOutcome {
    if (annotation === undefined) return this.#plain;
    const known = this.#byAnnotation.get(annotation);
    if (known === undefined) return this.#add(annotation);
    this.#byAnnotation.delete(annotation);
    this.#byAnnotation.set(annotation, known);
    return known;
  }

  #add(annotation: string): ProxyConfigOutcome {
    const outcome = this.#resolve(annotation);
    if (annotation.length > MAX_CACHED_ANNOTATION_LENGTH) return outcome;
    this.#byAnnotation.set(annotation, outcome);
    if (this.#byAnnotation.size > MAX_CACHED_ANNOTATIONS) {
      const [oldest] = this.#byAnnotation.keys();
      if (oldest !== undefined) this.#byAnnotation.delete(oldest);
    }
    return outcome;
  }

  #resolve(annotation: string | undefined): ProxyConfigOutcome {
    try {
      const config = this.#merger.merge(annotation);
      const changesMesh = this.#mode === 'kube-inject' && annotation !== undefined;
      const meshRef = changesMesh ? meshConfigRef({ ...this.#mesh, defaultConfig: config }) : this.#meshRef;
      return { ok: true, resolved: { config, ref: proxyConfigRef(config), meshRef } };
    } catch (error) {
      if (!(error instanceof MeshConfigError)) throw error;
      return { ok: false, problems: error.problems };
    }
  }
}

/**
 * Writes proxy configurations as protoToJSON does and remembers the texts: one configuration is written for every pod that has it,
 * often several times in one template.
 */
export class ProxyConfigTexts {
  readonly #writer: ProtoJsonWriter;
  readonly #texts = new WeakMap<object, string>();

  constructor(writer: ProtoJsonWriter) {
    this.#writer = writer;
  }

  write(config: ProxyConfig): string {
    let text = this.#texts.get(config);
    if (text === undefined) {
      text = this.#writer.write(PROXY_CONFIG, config);
      this.#texts.set(config, text);
    }
    return text;
  }
}
