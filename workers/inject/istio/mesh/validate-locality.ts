/**
 * Istio's rules for load balancing by locality (`region/zone/subzone`, the last part `*` at most).
 */
import type { Checker } from './checker.ts';

const TOPOLOGY_LABELS: ReadonlySet<string> = new Set([
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
]);
const WHOLE_WEIGHT = 100;

/** Checks a LocalityLoadBalancerSetting. The first of some problems hides the rest, as in Istio. */
export function checkLocalityLoadBalancing(setting: Checker): void {
  const distribute = setting.each('distribute');
  const failover = setting.each('failover');
  if (distribute.length > 0 && failover.length > 0) {
    setting.report('distribute', 'can not be given beside failover');
    return;
  }
  const topology = setting.texts('failoverPriority').find((label) => TOPOLOGY_LABELS.has(label));
  if (failover.length > 0 && topology !== undefined) {
    setting.report('failoverPriority', `can not have the label ${topology} beside failover`);
    return;
  }
  for (const rule of distribute) {
    if (!checkWeights(rule)) return;
  }
  setting.report('distribute', checkLocalities(distribute.map((rule) => rule.text('from'))));
  checkFailovers(failover);
}

/** Checks a ZoneAwareLoadBalancerSetting. */
export function checkZoneAwareLoadBalancing(setting: Checker): void {
  for (const label of setting.texts('failoverPriority')) {
    if (TOPOLOGY_LABELS.has(label)) setting.report('failoverPriority', `can not have the label ${label}`);
  }
  checkFailovers(setting.each('failover'));
}

function checkWeights(rule: Checker): boolean {
  const to = rule.entries('to');
  let total = 0;
  for (const locality of Object.keys(to)) {
    const weight = Number(to[locality]);
    if (weight < 1 || weight > WHOLE_WEIGHT) {
      rule.report('to', `weights must be from 1 to ${WHOLE_WEIGHT}`);
      return false;
    }
    total += weight;
  }
  if (total !== WHOLE_WEIGHT) {
    rule.report('to', `weights must make ${WHOLE_WEIGHT}, not ${total}`);
    return false;
  }
  // Istio takes them in random order, in which a wildcard overlaps only what comes after it: it comes last here.
  rule.report('to', checkLocalities(Object.keys(to).sort((a, b) => Number(a.endsWith('*')) - Number(b.endsWith('*')))));
  return true;
}

function checkFailovers(failovers: readonly Checker[]): void {
  for (const failover of failovers) {
    const ends = [failover.text('from'), failover.text('to')];
    if (ends[0] === ends[1]) failover.report('to', 'must be another region than from');
    if (ends.some((end) => end.includes('/'))) failover.report('', 'must name regions only');
    if (ends.some((end) => end.includes('*'))) failover.report('', 'must not have wildcards');
  }
}

const OVERLAP = 'overlaps an earlier one';

/** What is wrong with a set of localities, none of which may contain another; null when nothing is. */
function checkLocalities(localities: readonly string[]): string | null {
  const seen = new LocalitySet();
  for (const locality of localities) {
    const problem = checkWildcard(locality) ?? seen.add(locality);
    if (problem !== null) return `locality ${JSON.stringify(locality)} ${problem}`;
  }
  return null;
}

function checkWildcard(locality: string): string | null {
  const first = locality.indexOf('*');
  return first >= 0 && first !== locality.length - 1 ? 'may have one * only, at its end' : null;
}

class LocalitySet {
  /** Region to zones, or to null where the whole region was named; zone to subzones, or null likewise. */
  readonly #regions = new Map<string, Map<string, Set<string> | null> | null>();

  add(locality: string): string | null {
    if (this.#regions.has('*')) return OVERLAP;
    const [region = '', zone, ...rest] = locality.split('/');
    const subzone = rest.length > 0 ? rest.join('/') : undefined;
    if (region === '' || zone === '' || subzone === '') return 'has an empty part';
    if (zone === undefined) return this.#addRegion(region);
    const zones = this.#regions.get(region) ?? new Map<string, Set<string> | null>();
    // A zone `*` stands for the whole region as its absence does.
    if (this.#regions.get(region) === null || zones.has('*')) return OVERLAP;
    this.#regions.set(region, zones);
    return subzone === undefined ? this.#addZone(zones, zone) : this.#addSubzone(zones, zone, subzone);
  }

  #addRegion(region: string): string | null {
    if (this.#regions.has(region)) return OVERLAP;
    this.#regions.set(region, null);
    return null;
  }

  #addZone(zones: Map<string, Set<string> | null>, zone: string): string | null {
    if (zones.has(zone)) return OVERLAP;
    zones.set(zone, null);
    return null;
  }

  #addSubzone(zones: Map<string, Set<string> | null>, zone: string, subzone: string): string | null {
    const subzones = zones.get(zone) ?? new Set<string>();
    if (zones.get(zone) === null || subzones.has('*') || subzones.has(subzone)) return OVERLAP;
    subzones.add(subzone);
    zones.set(zone, subzones);
    return null;
  }
}
