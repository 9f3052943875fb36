/**
 * Whether values are of the release that injects with them. Linkerd's binary reads the values of its own release; with those of another it
 * denies every pod or answers none, which here keeps the revision from loading.
 */
import { isJsonObject, type JsonValue } from '../../template/value.ts';
import type { CompileProblem } from '../provider.ts';
import type { RevisionRelease } from '../release/told.ts';
import type { Features } from './features.ts';

/** What a release's injector needs of the values and stumbles over where it is not there. */
const NEEDED: readonly (readonly [path: string, isNeeded: (features: Features, cniEnabled: boolean) => boolean])[] = [
  ['proxy.livenessProbe', ({ probeSettings }) => probeSettings],
  ['proxy.readinessProbe', ({ probeSettings }) => probeSettings],
  ['proxy.metrics', ({ hostnameLabels }) => hostnameLabels],
  ['proxyInit.resources', ({ initFollowsProxyResources }) => !initFollowsProxyResources],
  ['proxyInit.image', ({ initImageOfProxy }, cniEnabled) => !initImageOfProxy && !cniEnabled],
];
const DISRUPTION_BUDGET = 'controller.podDisruptionBudget.maxUnavailable';

/** Problems LINKERD_RELEASE_MISMATCH, one for each member that does not fit; none where the values are of the release. */
export function releaseMismatches(
  values: JsonValue,
  linkerdVersion: string,
  release: RevisionRelease,
  features: Features,
): readonly CompileProblem[] {
  const mismatch = (what: string): CompileProblem => ({
    code: 'LINKERD_RELEASE_MISMATCH',
    field: 'values',
    message: `${what}: these values (linkerdVersion ${linkerdVersion || 'unset'}) are not of ${release.name}, whose injector the revision is to be`,
  });
  const cniEnabled = at(values, 'cniEnabled') === true;
  const problems = NEEDED.filter(
    ([path, isNeeded]) => isNeeded(features, cniEnabled) && hasOwner(values, path) && at(values, path) === null,
  ).map(([path]) => mismatch(`${path} is missing`));
  if (features.numericDisruptionBudget && typeof at(values, DISRUPTION_BUDGET) === 'string') {
    problems.push(mismatch(`${DISRUPTION_BUDGET} is text, not a number`));
  }
  return problems;
}

/** A whole section that is missing is a problem of its own (LINKERD_VALUES_MISSING). */
function hasOwner(values: JsonValue, path: string): boolean {
  return isJsonObject(at(values, path.slice(0, path.lastIndexOf('.'))));
}

/** The member at a path; null where there is none. */
function at(values: JsonValue, path: string): JsonValue {
  let value: JsonValue = values;
  for (const key of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return null;
    value = value[key] ?? null;
  }
  return value;
}
