/**
 * Injection of whole resources before they reach a cluster, as `linkerd inject` does it (cli/cmd/inject.go). It differs from the webhook:
 * nothing is known about namespaces and owners; a resource's own annotations count, and flags of the command become annotations of
 * its pods. Without `manual` annotations are all it adds, and the webhook does the rest.
 */
import { applyPatch } from '../../../jsonpatch/apply.ts';
import { type Operation, PatchError } from '../../../jsonpatch/operation.ts';
import type { JsonValue } from '../../../template/value.ts';
import type { YamlObject, YamlValue } from '../../../yaml/value.ts';
import { stringAt } from '../../istio/pod.ts';
import { parseBool } from '../../istio/strconv.ts';
import {
  CLOSE_WAIT_TIMEOUT,
  CONTROL_PLANE_NAMESPACE,
  CREATED_BY,
  ENABLE_DEBUG,
  INJECT,
  OPAQUE_PORTS,
  OWNER_LABEL_PREFIX,
  PROXY_VERSION,
  TRUST_ROOT_SHA256,
  WORKLOAD_NAMESPACE,
} from '../annotations.ts';
import { isCidr } from '../cidr.ts';
import { type Compiled, proxyDenial, takeFromFirstContainer } from '../compile.ts';
import { namedPorts, podInboundPorts } from '../opaque-ports.ts';
import { applyOverrides } from '../overrides.ts';
import { addMetadata, podPatch } from '../patch.ts';
import { encodeChanged, encodeManifest, type Manifest, ManifestFault, type PodHolder } from './manifest.ts';
import { injectErrors, isInjectable, type Report } from './report.ts';

const CONTROL_PLANE_COMPONENT = 'linkerd.io/control-plane-component';

export interface InjectSettings {
  readonly revision: Compiled;
  /** What stands in linkerd.io/created-by after `linkerd/cli `. */
  readonly version: string;
  /** Put the proxy into the resources; otherwise only annotate them. */
  readonly manual: boolean;
  readonly enableDebugSidecar: boolean;
  /** As Go writes a duration (`1m0s`); '' for none. */
  readonly closeWaitTimeout: string;
  /** Annotate Namespaces too. */
  readonly namespaces: boolean;
  /** From flags, see overrides.ts. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Injects resources one by one; what it does for one can depend on those before it. */
export class ResourceInjector {
  readonly #settings: InjectSettings;
  /** Linkerd forgets `linkerd.io/inject` among them once the first resource has been injected by hand. */
  #annotations: Readonly<Record<string, string>>;

  constructor(settings: InjectSettings) {
    this.#settings = settings;
    this.#annotations = settings.annotations;
  }

  /**
   * The resource as it is written, or null when it stays as it came. `value`: the same resource as it was read, whose members keep
   * their types. Notes in the report what was annotated. Throws ManifestFault, ResourceError.
   */
  inject(manifest: Manifest, value: YamlValue, report: Report): YamlObject | null {
    const { kind, type, pod } = manifest;
    if (pod !== null && stringAt(pod.metadata?.labels, CONTROL_PLANE_COMPONENT) !== undefined && !this.#settings.manual)
      throw new ManifestFault('--manual must be set when injecting control plane components');
    if (type !== null && kind === 'service') return this.#annotateService(manifest, report);
    if (type !== null && kind === 'namespace' && this.#settings.namespaces)
      return this.#annotateNamespace(manifest, report);
    const fromFlags = this.#annotations;
    if (pod !== null && Object.keys(fromFlags).length > 0) report.annotated = true;
    if (!isInjectable(report) || type === null || pod === null) {
      const errors = injectErrors(report);
      if (errors.length === 0) return null;
      throw new ManifestFault(`failed to inject ${report.kind}/${report.name}: ${errors.join(', ')}`);
    }
    const annotations = this.#podAnnotations(fromFlags);
    const patch = this.#settings.manual
      ? this.#podPatch(manifest, pod, annotations)
      : this.#annotationPatch(pod, annotations);
    return encodeChanged(type, patched(value, patch));
  }

  #annotateService(manifest: Manifest, report: Report): YamlObject | null {
    const ports = this.#annotations[OPAQUE_PORTS];
    if (ports === undefined) return null;
    report.annotated = true;
    return withAnnotations(manifest, { [OPAQUE_PORTS]: ports });
  }

  #annotateNamespace(manifest: Manifest, report: Report): YamlObject | null {
    report.annotated = true;
    return withAnnotations(manifest, { [INJECT]: 'enabled', ...this.#annotations });
  }

  #podAnnotations(fromFlags: Readonly<Record<string, string>>): Record<string, string> {
    const { revision, version, manual, enableDebugSidecar, closeWaitTimeout } = this.#settings;
    const annotations: Record<string, string> = {};
    if (enableDebugSidecar) annotations[ENABLE_DEBUG] = 'true';
    if (closeWaitTimeout !== '') annotations[CLOSE_WAIT_TIMEOUT] = closeWaitTimeout;
    Object.assign(annotations, fromFlags);
    if (manual) {
      const { [INJECT]: _, ...rest } = this.#annotations;
      this.#annotations = rest;
      annotations[CREATED_BY] = `linkerd/cli ${version}`;
    } else if (!revision.values.proxy.isIngress) {
      annotations[INJECT] = 'enabled';
    }
    return annotations;
  }

  #annotationPatch({ pointer, metadata }: PodHolder, annotations: Readonly<Record<string, string>>): Operation[] {
    this.#checkNetworks();
    const patch: Operation[] = [];
    addMetadata(patch, pointer, metadata, 'annotations', annotations);
    return patch;
  }

  #podPatch(manifest: Manifest, pod: PodHolder, annotations: Record<string, string>): Operation[] {
    const { revision } = this.#settings;
    const { values, controlPlaneNamespace, trustAnchors } = revision;
    const { features, overrides } = values.profile;
    const { metadata, spec, pointer } = pod;
    this.#checkNetworks();
    if (revision.denial !== null) throw new ManifestFault(revision.denial);
    // What the flags say goes by the values; only what they say of the debug container and of close-wait is read from annotations.
    const own: Record<string, string> = Object.assign(Object.create(null), metadata?.annotations);
    const effective = Object.assign(Object.create(null), own, pick(annotations, CLOSE_WAIT_TIMEOUT));
    const proxy = applyOverrides(values.proxy, {
      annotations: effective,
      labels: metadata?.labels,
      own: manifest.own.annotations,
      namespace: {},
      namedPorts: namedPorts(spec, features),
      tracing: values.tracing !== null,
      overrides,
    });
    takeFromFirstContainer(proxy, spec);
    const denial = proxyDenial(proxy, values);
    if (denial !== null) throw new ManifestFault(denial);
    annotations[PROXY_VERSION] = proxy.imageVersion || values.linkerdVersion;
    annotations[TRUST_ROOT_SHA256] = revision.trustRootSha256;
    const debug = annotations[ENABLE_DEBUG] ?? own[ENABLE_DEBUG] ?? '';
    return podPatch({
      prefix: pointer,
      metadata,
      spec,
      annotations,
      labels: this.#labels(manifest),
      debug: parseBool(debug) === true,
      context: { values, proxy, controlPlaneNamespace, trustAnchors, podInboundPorts: podInboundPorts(spec, features) },
      plans: revision.plans,
    });
  }

  #labels({ kind, own }: Manifest): Record<string, string> {
    return {
      [CONTROL_PLANE_NAMESPACE]: this.#settings.revision.controlPlaneNamespace,
      [WORKLOAD_NAMESPACE]: own.namespace ?? '',
      // The webhook has no label for pods of a CronJob, for they are a Job's.
      ...(kind === 'pod' ? {} : { [OWNER_LABEL_PREFIX + kind]: own.name ?? '' }),
    };
  }

  #checkNetworks(): void {
    const { clusterNetworks } = this.#settings.revision.values;
    if (clusterNetworks === '') return;
    for (const network of clusterNetworks.replace(/^,+|,+$/g, '').split(',')) {
      if (!isCidr(network))
        throw new ManifestFault(`cannot parse destination get networks: invalid CIDR address: ${network}`);
    }
  }
}

function pick(annotations: Readonly<Record<string, string>>, key: string): Record<string, string> {
  const value = annotations[key];
  return value === undefined ? {} : { [key]: value };
}

function withAnnotations(
  { type, object, own }: Manifest,
  annotations: Readonly<Record<string, string>>,
): YamlObject | null {
  if (type === null) return null;
  own.annotations = { ...own.annotations, ...annotations };
  return encodeManifest(type, object);
}

/** Throws ManifestFault where the resource lacks what the patch adds to, as a workload without a pod template does. */
function patched(value: YamlValue, patch: readonly Operation[]): YamlValue {
  try {
    return applyPatch(value as JsonValue, patch) as YamlValue;
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const operation = patch[error.index];
    const path = operation === undefined ? '' : operation.path;
    throw new ManifestFault(
      `add operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
    );
  }
}
