/** Everything that a release decides, derived once when a revision is compiled. */
import type { Place } from '../release/switches.ts';
import { inheritedAnnotations } from './annotations.ts';
import { type Features, featuresAt } from './features.ts';
import { type Overrides, overridesOf } from './overrides.ts';
import { type EnvEntry, envEntries } from './proxy-env.ts';

export interface Profile {
  readonly features: Features;
  readonly overrides: Overrides;
  /** Annotations that a pod inherits from its namespace. */
  readonly inherited: ReadonlySet<string>;
  /** The environment of linkerd-proxy, in order. */
  readonly env: readonly EnvEntry[];
}

/** The profile of a release. */
export function profileAt(place: Place): Profile {
  const features = featuresAt(place);
  return {
    features,
    overrides: overridesOf(features),
    inherited: new Set(inheritedAnnotations(features)),
    env: envEntries(features),
  };
}
