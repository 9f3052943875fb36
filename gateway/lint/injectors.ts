/** What injectors make of annotations: their own checks and setters, of a release. */
import { type Features as IstioFeatures, NEWEST as NEWEST_ISTIO } from '../../workers/inject/istio/features.ts';
import { effectiveMeshConfig } from '../../workers/inject/istio/mesh/effective-mesh.ts';
import { ProxyConfigSource } from '../../workers/inject/istio/mesh/proxy-config-source.ts';
import { annotationChecks } from '../../workers/inject/istio/validate-annotations.ts';
import { INJECT } from '../../workers/inject/linkerd/annotations.ts';
import {
  type Features as LinkerdFeatures,
  featuresAt as linkerdFeaturesAt,
  linkerdPlace,
  NEWEST as NEWEST_LINKERD,
} from '../../workers/inject/linkerd/features.ts';
import { overridesOf } from '../../workers/inject/linkerd/overrides.ts';
import { linkerdReleases } from '../../workers/inject/linkerd/releases.ts';
import type { ProxyValues } from '../../workers/inject/linkerd/values.ts';

/** Checks of one provider and release. */
export interface ReleaseChecks {
  readonly provider: 'istio' | 'linkerd';
  /** Why the injector denies a pod with this annotation; undefined when it does not. */
  denied(name: string, value: string): string | undefined;
  /** Whether the injector passes over this annotation because it can not read its value. */
  ignored(name: string, value: string): boolean;
  /** Whether other releases read this annotation, and this one does not. */
  unread(name: string): boolean;
  /** Annotations that are looked at. */
  readonly names: ReadonlySet<string>;
}

/** An injector that a pod may come to. */
export interface Injector extends ReleaseChecks {
  /** `Istio 1.24.6 of revision 1-24`; the newest release has none. */
  readonly title: string;
  /** The label that asks for it, and the names that do: the revision's and its tags'. Null: whoever asks for nothing known. */
  readonly asked: { readonly label: string; readonly names: ReadonlySet<string> } | null;
  /** Whether its own template reads this annotation, whatever upstream's do. */
  reads(name: string): boolean;
}

/** Annotations that not all known releases read, by the switch that tells which do. */
const ISTIO_BY_SWITCH: ReadonlyMap<string, keyof IstioFeatures> = new Map([
  ['sidecar.istio.io/nativeSidecar', 'nativeSidecarAnnotation'],
  ['sidecar.istio.io/enableCoreDump', 'validateCoreDump'],
  ['prometheus.istio.io/scrape-targets', 'scrapeTargets'],
  ['prometheus.istio.io/secure-port', 'securePortAnnotation'],
]);

/** @param meshConfig the mesh's, over which annotation proxy.istio.io/config is laid; `minor` is the release's */
export function istioChecks(features: IstioFeatures, minor: number, meshConfig = ''): ReleaseChecks {
  const proxyConfigs = new ProxyConfigSource(effectiveMeshConfig(meshConfig, minor), { mode: 'webhook', minor });
  const checks = annotationChecks(features, (value) => {
    const outcome = proxyConfigs.get(value);
    return outcome.ok ? undefined : outcome.problems.map(({ message }) => message).join(', ');
  });
  return {
    provider: 'istio',
    denied: (name, value) => checks.get(name)?.(value),
    ignored: () => false,
    unread: (name) => {
      const needed = ISTIO_BY_SWITCH.get(name);
      return needed !== undefined && !features[needed];
    },
    names: new Set(checks.keys()),
  };
}

/** Every annotation that some known release of Linkerd applies. */
const appliedBySome = (): ReadonlySet<string> =>
  new Set(
    linkerdReleases().flatMap(([, name]) => [...overridesOf(linkerdFeaturesAt(linkerdPlace(name))).apply.keys()]),
  );

export function linkerdChecks(features: LinkerdFeatures): ReleaseChecks {
  const { apply } = overridesOf(features);
  const known = appliedBySome();
  return {
    provider: 'linkerd',
    denied: () => undefined,
    ignored: (name, value) => {
      const set = name === INJECT ? undefined : apply.get(name);
      if (set === undefined) return false;
      let touched = false;
      // A setter that can read the value sets something; what and whereto does not matter here.
      const proxy = new Proxy<Partial<ProxyValues>>(
        {},
        {
          set: () => {
            touched = true;
            return true;
          },
        },
      );
      set(proxy as ProxyValues, value);
      return !touched;
    },
    unread: (name) => known.has(name) && !apply.has(name),
    names: new Set(apply.keys()),
  };
}

/** Of the newest releases, which nobody has to ask for. What only older ones read may be meant for those. */
export function newestInjectors(): readonly Injector[] {
  const newest = (checks: ReleaseChecks): Injector => ({
    ...checks,
    title: '',
    asked: null,
    unread: () => false,
    reads: () => false,
  });
  return [newest(istioChecks(NEWEST_ISTIO, Number.MAX_SAFE_INTEGER)), newest(linkerdChecks(NEWEST_LINKERD))];
}

/**
 * Those that a pod or namespace with these labels may come to: of each provider the revisions that a label asks for, and all where none
 * does.
 */
export function injectorsFor(injectors: readonly Injector[], labelOf: (name: string) => unknown): readonly Injector[] {
  const asked = injectors.filter(({ asked }) => {
    const name = asked === null ? undefined : labelOf(asked.label);
    return typeof name === 'string' && asked?.names.has(name) === true;
  });
  const providers = new Set(asked.map(({ provider }) => provider));
  return injectors.filter((each) => (providers.has(each.provider) ? asked.includes(each) : true));
}
