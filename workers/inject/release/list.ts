/** The switches of a compiled revision, to be shown. */
import { ISTIO_SWITCHES, featuresAt as istioFeaturesAt } from '../istio/features.ts';
import { LINKERD_SWITCHES, featuresAt as linkerdFeaturesAt } from '../linkerd/features.ts';
import type { CompiledRevision } from '../provider.ts';
import type { Switches, SwitchRow, SwitchTable } from './switches.ts';

/** One behaviour that not all releases have, and whether a revision has it. */
export interface SwitchState {
  readonly name: string;
  readonly on: boolean;
  readonly sentence: string;
  /** First releases with it and without it, one for each line it was brought to. */
  readonly since: readonly string[];
  readonly until: readonly string[];
}

/** Every switch of the revision's provider in the order of releases; none for providers that have no releases. */
export function listSwitches({ source, release }: CompiledRevision): readonly SwitchState[] {
  if (release === null) return [];
  switch (source.spec.provider) {
    case 'istio':
      return statesOf(ISTIO_SWITCHES, istioFeaturesAt(release));
    case 'linkerd':
      return statesOf(LINKERD_SWITCHES, linkerdFeaturesAt(release));
    case 'template':
      return [];
  }
}

function statesOf<Name extends string>(table: SwitchTable<Name>, switches: Switches<Name>): readonly SwitchState[] {
  return Object.entries<SwitchRow>(table).map(([name, { sentence, since = [], until = [] }]) => ({
    name,
    on: switches[name as Name],
    sentence,
    since,
    until,
  }));
}
