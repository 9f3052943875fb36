/**
 * The `linkerd` provider: Linkerd's proxy injector (controller/proxy-injector, pkg/inject) over values that are read once.
 *
 * A pod is decided on (decide.ts), gets its namespace's annotations and the default opaque ports, its annotations are applied over the
 * values (overrides.ts), and the patch is made of data (patch.ts, containers.ts, proxy-env.ts). A pod or Service that is not injected
 * may still get its opaque ports.
 */
import { createHash } from 'node:crypto';
import { applyPatch } from '../../jsonpatch/apply.ts';
import { type Operation, PatchError } from '../../jsonpatch/operation.ts';
import { PatchProver } from '../../jsonpatch/prover.ts';
import { normalizeTyped, TypedPodError } from '../../kube/typed-pod.ts';
import type { LinkerdRevisionSpec, RevisionSource } from '../../protocol.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../template/value.ts';
import { parseYaml } from '../../yaml/parse.ts';
import { type PodSpec, stringAt } from '../istio/pod.ts';
import { parseBool } from '../istio/strconv.ts';
import {
  type CompiledRevision,
  CompileError,
  type CompileProblem,
  type InjectDecision,
  type InjectRequest,
} from '../provider.ts';
import { REASONS } from '../reason.ts';
import type { RevisionRelease, ToldRelease } from '../release/told.ts';
import {
  CONTROL_PLANE_NAMESPACE,
  CREATED_BY,
  ENABLE_DEBUG,
  LABELLED_OWNERS,
  OPAQUE_PORTS,
  OWNER_LABEL_PREFIX,
  PROXY_VERSION,
  TRUST_ROOT_SHA256,
  WORKLOAD_NAMESPACE,
} from './annotations.ts';
import { isCidr } from './cidr.ts';
import { ContainerPlans } from './container-plans.ts';
import { type LinkerdReason, serviceAccountMount, skipReasons } from './decide.ts';
import { releaseMismatches } from './fit.ts';
import { defaultPodPorts, defaultServicePorts, namedPorts, podInboundPorts } from './opaque-ports.ts';
import { applyOverrides } from './overrides.ts';
import { findOwner } from './owner.ts';
import { addMetadata, podPatch } from './patch.ts';
import { profileAt } from './profile.ts';
import type { ProxyContext } from './proxy-env.ts';
import { NEWEST_RELEASE, tellLinkerdRelease } from './releases.ts';
import { type Target, targetOf } from './target.ts';
import { type LinkerdValues, linkerdVersionOf, type ProxyValues, readValues } from './values.ts';

/** A revision's values and texts, read once. */
export interface Compiled {
  readonly release: RevisionRelease;
  readonly warnings: readonly CompileProblem[];
  readonly values: LinkerdValues;
  readonly controlPlaneNamespace: string;
  readonly createdBy: string;
  readonly trustAnchors: string;
  readonly trustRootSha256: string;
  readonly defaultOpaquePorts: ReadonlySet<string>;
  /** What is wrong with the values in a way that Linkerd tells only when it injects; null when nothing is. */
  readonly denial: string | null;
  readonly plans: ContainerPlans;
  readonly prover: PatchProver;
}

/**
 * Compiles a revision of a Linkerd mesh. Throws CompileError: LINKERD_VALUES_SYNTAX, LINKERD_VALUES_TYPE, LINKERD_VALUES_MISSING,
 * LINKERD_RELEASE_MISMATCH, LINKERD_TRUST_ANCHORS_MISSING, RELEASE_INVALID.
 */
export function compileLinkerdRevision(source: RevisionSource): CompiledRevision {
  const { spec } = source;
  if (spec.provider !== 'linkerd') throw new TypeError(`${spec.provider} revision given to the linkerd provider`);
  const compiled = compileLinkerd(spec);
  const { release, warnings } = compiled;
  return { source, release, warnings, inject: (request) => injectOrDeny(compiled, request) };
}

/** Reads the values of a revision, for the webhook and the command line alike. Throws CompileError. */
export function compileLinkerd(spec: LinkerdRevisionSpec): Compiled {
  const problems: CompileProblem[] = [];
  let parsed: JsonValue = null;
  try {
    parsed = parseYaml(spec.values);
  } catch (error) {
    const { line, column, message } = error as { line?: number; column?: number; message: string };
    const position = line === undefined || column === undefined ? {} : { line, column };
    throw new CompileError([{ code: 'LINKERD_VALUES_SYNTAX', field: 'values', message, ...position }]);
  }
  const linkerdVersion = linkerdVersionOf(parsed);
  const told = tellLinkerdRelease(spec.release, linkerdVersion);
  if (told === undefined) {
    const message = `${JSON.stringify(spec.release)} is no release of Linkerd, such as 2.19 or edge-25.10.7`;
    problems.push({ code: 'RELEASE_INVALID', field: 'release', message });
  }
  const { release, warnings }: ToldRelease = told ?? { release: NEWEST_RELEASE, warnings: [] };
  const profile = profileAt(release);
  const values = readValues(parsed, profile, problems);
  problems.push(...releaseMismatches(parsed, linkerdVersion, release, profile.features));
  const trustAnchors = spec.trustAnchors.trim();
  if (trustAnchors === '') {
    problems.push({
      code: 'LINKERD_TRUST_ANCHORS_MISSING',
      field: 'trustAnchors',
      message: 'the trust anchors are empty',
    });
  }
  if (problems.length > 0) throw new CompileError(problems);
  return {
    release,
    warnings,
    values,
    controlPlaneNamespace: spec.controlPlaneNamespace,
    createdBy: `linkerd/proxy-injector ${spec.version ?? values.linkerdVersion}`,
    trustAnchors: `${trustAnchors}\n`,
    // Of the exact bytes: a line feed more is another root to Linkerd.
    trustRootSha256: createHash('sha256').update(spec.trustAnchors).digest('hex'),
    defaultOpaquePorts: new Set(values.proxy.opaquePorts.split(',')),
    denial: valuesDenial(values),
    plans: new ContainerPlans(values),
    prover: new PatchProver(),
  };
}

/** What makes Linkerd deny every pod of a revision. */
function valuesDenial(values: LinkerdValues): string | null {
  if (values.clusterNetworks !== '') {
    for (const network of values.clusterNetworks.replace(/^,+|,+$/g, '').split(',')) {
      if (!isCidr(network)) return `clusterNetworks has ${JSON.stringify(network)}, which is not a network`;
    }
  }
  const { iptablesMode, xtMount } = values.init;
  if (!values.cniEnabled && xtMount === null) return 'proxyInit.xtMountPath is missing';
  if (!values.cniEnabled && iptablesMode !== 'nft' && iptablesMode !== 'legacy') {
    return `proxyInit.iptablesMode is ${JSON.stringify(iptablesMode)}, not "nft" or "legacy"`;
  }
  const { tracing } = values;
  if (tracing?.enabled === true) {
    for (const key of ['endpoint', 'serviceAccountName', 'namespace'] as const) {
      if (tracing[key] === '') return `proxy.tracing is enabled without the collector's ${key}`;
    }
  }
  return null;
}

/**
 * A pod comes from the apiserver with the types that Kubernetes gives it, so they are looked at only when something stumbles over them:
 * Linkerd can not decode such an object and denies it.
 */
function injectOrDeny(compiled: Compiled, request: InjectRequest): InjectDecision {
  try {
    return inject(compiled, request);
  } catch (error) {
    const message = error instanceof TypeError ? wrongType(request) : null;
    if (message === null) throw error;
    return { kind: 'denied', code: 'POD_MALFORMED', message };
  }
}

/** What is wrong with the pod's types; null when nothing is. */
function wrongType({ object, kind }: InjectRequest): string | null {
  const { spec, metadata } = targetOf(object, kind.kind);
  try {
    normalizeTyped('v1.PodSpec', spec);
    normalizeTyped('v1.ObjectMeta', metadata ?? null);
    // To Go null is a value without anything in it, such as a container without a name.
    return JSON.stringify([spec, metadata]).includes('null') ? 'the pod has null where there is to be a value' : null;
  } catch (error) {
    if (error instanceof TypedPodError) return error.message;
    throw error;
  }
}

function inject(compiled: Compiled, request: InjectRequest): InjectDecision {
  const target = targetOf(request.object, request.kind.kind);
  const namespace = request.cluster.namespace?.annotations ?? {};
  const { spec } = target;
  // With one owner the pod's own name is not looked at; of volumes only the token's name is taken over, whatever it is.
  if (target.kind === 'pod' && target.metadata?.ownerReferences?.length === 1) request.watch?.vouch();
  const reasons: LinkerdReason[] =
    spec === null
      ? ['unsupported_resource']
      : skipReasons(
          target.metadata?.annotations,
          spec,
          namespace,
          compiled.values.tokenProjection,
          compiled.values.profile.features,
        );
  const [reason] = reasons;
  if (spec === null || reason !== undefined) {
    const patch = opaquePortsPatch(compiled, request, target, namespace);
    return { kind: 'skipped', reason: reason ?? 'unsupported_resource', reasons, ...(patch === null ? {} : { patch }) };
  }
  return injectPod(compiled, request, target, spec, namespace);
}

function injectPod(
  compiled: Compiled,
  request: InjectRequest,
  target: Target,
  spec: PodSpec,
  namespace: Readonly<Record<string, string>>,
): InjectDecision {
  const { values } = compiled;
  const { features, overrides } = values.profile;
  const { metadata } = target;
  if (!Array.isArray(spec.containers)) {
    return { kind: 'denied', code: 'POD_MALFORMED', message: 'the pod has no containers' };
  }
  if (compiled.denial !== null) return { kind: 'denied', code: 'LINKERD_VALUES_INVALID', message: compiled.denial };

  const added = addedAnnotations(compiled, target, spec, namespace);
  const effective: Record<string, string> = Object.assign(Object.create(null), metadata?.annotations, added);
  const proxy = applyOverrides(values.proxy, {
    annotations: effective,
    labels: metadata?.labels,
    own: target.own?.annotations,
    namespace,
    namedPorts: namedPorts(spec, features),
    tracing: values.tracing !== null,
    overrides,
  });
  takeFromFirstContainer(proxy, spec);
  const denial = proxyDenial(proxy, values);
  if (denial !== null) return { kind: 'denied', code: 'ANNOTATION_INVALID', message: denial };
  added[PROXY_VERSION] = proxy.imageVersion || values.linkerdVersion;
  added[TRUST_ROOT_SHA256] = compiled.trustRootSha256;
  const context: ProxyContext = {
    values,
    proxy,
    controlPlaneNamespace: compiled.controlPlaneNamespace,
    trustAnchors: compiled.trustAnchors,
    podInboundPorts: podInboundPorts(spec, features),
  };
  const patch = podPatch({
    prefix: target.prefix,
    metadata,
    spec,
    annotations: added,
    labels: addedLabels(compiled, request, target),
    debug: parseBool(stringAt(effective, ENABLE_DEBUG) ?? '') === true,
    context,
    plans: compiled.plans,
  });
  return prove(compiled.prover, request.object, target, patch);
}

/** A patch that does not apply would reject the pod whatever the failurePolicy. */
function prove(
  prover: PatchProver,
  object: JsonObject,
  { prefix }: Target,
  patch: readonly Operation[],
): InjectDecision {
  const proof = (): true => {
    applyPatch(object, patch);
    return true;
  };
  try {
    // What tells the shape of a patch is a pod's places, not those of a template in a workload.
    if (prefix === '') prover.prove(object, patch, proof);
    else proof();
    return { kind: 'patched', patch };
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    return { kind: 'failed', code: 'PATCH_UNPROVED', message: `${REASONS.PATCH_UNPROVED.sentence}: ${error.message}` };
  }
}

/** created-by, what the namespace hands down, and the default opaque ports the pod exposes. */
function addedAnnotations(
  compiled: Compiled,
  target: Target,
  spec: PodSpec,
  namespace: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = target.own?.annotations;
  const added: Record<string, string> = Object.create(null);
  added[CREATED_BY] = compiled.createdBy;
  const { inherited, features } = compiled.values.profile;
  const ofTemplate = features.templateBeforeNamespace ? target.metadata?.annotations : undefined;
  // A namespace has fewer annotations than there are settings.
  for (const key of Object.keys(namespace)) {
    const isSet = stringAt(own, key) !== undefined || stringAt(ofTemplate, key) !== undefined;
    if (inherited.has(key) && !isSet) added[key] = namespace[key] ?? '';
  }
  if (!hasOpaquePorts(target) && added[OPAQUE_PORTS] === undefined) {
    const ports = defaultPodPorts(spec, compiled.defaultOpaquePorts, features);
    if (ports.length > 0) added[OPAQUE_PORTS] = ports.join(',');
  }
  return added;
}

function addedLabels(compiled: Compiled, request: InjectRequest, target: Target): Record<string, string> {
  const isPod = target.kind === 'pod';
  const labels: Record<string, string> = {
    [CONTROL_PLANE_NAMESPACE]: compiled.controlPlaneNamespace,
    [WORKLOAD_NAMESPACE]: isPod ? request.namespace : (target.own?.namespace ?? ''),
  };
  if (!isPod) {
    labels[OWNER_LABEL_PREFIX + target.kind] = target.own?.name ?? '';
    return labels;
  }
  const owner = findOwner(target.metadata ?? {}, request.namespace, request.cluster);
  if (LABELLED_OWNERS.has(owner.kind)) labels[OWNER_LABEL_PREFIX + owner.kind] = owner.name;
  return labels;
}

function hasOpaquePorts({ own, metadata }: Target): boolean {
  return (
    stringAt(metadata?.annotations, OPAQUE_PORTS) !== undefined ||
    stringAt(own?.annotations, OPAQUE_PORTS) !== undefined
  );
}

/** Pod security rules that admit the app's container are to admit the proxy: it takes over capabilities and the token's mount. */
export function takeFromFirstContainer(proxy: ProxyValues, spec: PodSpec): void {
  const capabilities = spec.containers?.[0]?.securityContext?.['capabilities'];
  if (isJsonObject(capabilities)) {
    const list = (value: JsonValue | undefined) =>
      Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    proxy.hasCapabilities = true;
    proxy.capabilitiesAdd = list(capabilities['add']);
    proxy.capabilitiesDrop = list(capabilities['drop']);
  }
  proxy.saMount = serviceAccountMount(spec) ?? proxy.saMount;
}

/** What of a pod's settings Linkerd denies, in one sentence; null when nothing is. */
export function proxyDenial(proxy: ProxyValues, values: LinkerdValues): string | null {
  const { features } = values.profile;
  if (features.denyNativeWait && proxy.nativeSidecar && proxy.waitBeforeExitSeconds !== 0n) {
    return 'a native sidecar can not wait before it exits';
  }
  if (proxy.nativeSidecar && proxy.await && values.startupProbe === null) {
    return 'a native sidecar needs proxy.startupProbe in the values';
  }
  if (Number.isNaN(proxy.workersMaximumCPURatio)) return 'the CPU ratio limit is not a number';
  const { logHTTPHeaders: headers } = proxy;
  const isKnown = headers === 'off' || headers === 'insecure' || (headers === '' && features.emptyHeaderLogging);
  if (features.headerLogging && !isKnown) {
    return `logHTTPHeaders is ${JSON.stringify(headers)}, not "insecure" or "off"`;
  }
  const closesAsUser = proxy.closeWaitTimeoutSecs !== 0n && !values.init.runAsRoot;
  if (features.closeWaitNeedsRoot && !values.cniEnabled && closesAsUser) {
    return 'proxyInit.runAsRoot must be set for a close-wait timeout';
  }
  return null;
}

/** The opaque ports of what is not injected: the namespace's, else the default ones it exposes; null when it has them or needs none. */
function opaquePortsPatch(
  compiled: Compiled,
  request: InjectRequest,
  target: Target,
  namespace: Readonly<Record<string, string>>,
): Operation[] | null {
  if (hasOpaquePorts(target)) return null;
  let value = stringAt(namespace, OPAQUE_PORTS);
  if (value === undefined) {
    const defaults = compiled.defaultOpaquePorts;
    if (target.kind === 'pod' && target.spec !== null)
      value = defaultPodPorts(target.spec, defaults, compiled.values.profile.features).join(',');
    else if (target.kind === 'service') value = defaultServicePorts(request.object, defaults).join(',');
    if (value === undefined || value === '') return null;
  }
  const patch: Operation[] = [];
  addMetadata(patch, '', target.own, 'annotations', { [OPAQUE_PORTS]: value });
  return patch;
}
