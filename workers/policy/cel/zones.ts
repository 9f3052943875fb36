import { loadZone, UTC, type Zone } from '../../template/funcs/sprig/time-zone.ts';
import type { Budget } from './budget.ts';
import { runtimeError } from './error.ts';
import { MAX_CACHED_ZONES, STEPS_PER_ZONE, STEPS_PER_ZONE_LOOKUP } from './limits.ts';

/** Time zones by name, from the zone data that JavaScript has. Those once looked up are kept. */
export class Zones {
  readonly #kept = new Map<string, Zone>();

  /** Seconds east of UTC in a zone at a time in Unix seconds. Throws CelError for a name that no zone has. */
  offsetAt(name: string, unixSeconds: bigint, budget: Budget): number {
    budget.spend(STEPS_PER_ZONE_LOOKUP);
    return this.#find(name, budget).offsetAt(unixSeconds);
  }

  #find(name: string, budget: Budget): Zone {
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    budget.spend(STEPS_PER_ZONE);
    // The machine's own zone is UTC: answers must not depend on the machine.
    const zone = loadZone(name, UTC);
    if (zone === null) throw runtimeError(`unknown time zone ${name}`);
    if (this.#kept.size >= MAX_CACHED_ZONES) this.#kept.clear();
    this.#kept.set(name, zone);
    return zone;
  }
}
