/** What the injectors make of annotation values: their own checks and setters, of the newest releases. */
import { NEWEST as NEWEST_ISTIO } from '../../workers/inject/istio/features.ts';
import { effectiveMeshConfig } from '../../workers/inject/istio/mesh/effective-mesh.ts';
import { ProxyConfigSource } from '../../workers/inject/istio/mesh/proxy-config-source.ts';
import { annotationChecks } from '../../workers/inject/istio/validate-annotations.ts';
import { INJECT } from '../../workers/inject/linkerd/annotations.ts';
import { NEWEST as NEWEST_LINKERD } from '../../workers/inject/linkerd/features.ts';
import { overridesOf } from '../../workers/inject/linkerd/overrides.ts';
import type { ProxyValues } from '../../workers/inject/linkerd/values.ts';

export interface ValueChecks {
  /** Why Istio's injector denies a pod with this annotation; undefined when it does not. */
  denied(name: string, value: string): string | undefined;
  /** Whether Linkerd's injector passes over this annotation because it can not read its value. */
  ignored(name: string, value: string): boolean;
  /** Annotations that are looked at. */
  readonly names: ReadonlySet<string>;
}

export function createValueChecks(): ValueChecks {
  const proxyConfigs = new ProxyConfigSource(effectiveMeshConfig(''), {
    mode: 'webhook',
    minor: Number.MAX_SAFE_INTEGER,
  });
  const checks = annotationChecks(NEWEST_ISTIO, (value) => {
    const outcome = proxyConfigs.get(value);
    return outcome.ok ? undefined : outcome.problems.map(({ message }) => message).join(', ');
  });
  const { apply } = overridesOf(NEWEST_LINKERD);
  return {
    denied: (name, value) => checks.get(name)?.(value),
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
    names: new Set([...checks.keys(), ...apply.keys()]),
  };
}
