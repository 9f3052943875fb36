/**
 * The world of one simulated rollout: a fleet whose pods are created again and again, two revisions, of which the new one may be bad,
 * and faults of everything else. Time is in minutes, and only goes on when it is told to.
 */
import { placeOf } from '../../gateway/rollout/cohort.ts';
import { countShare, emptyTally, type Tally } from '../../gateway/rollout/revision-tally.ts';
import type { Chance } from './chance.ts';

export const WORKLOADS = 10_000;
/** Of 100,000 pods, each is created again about every six hours. */
const PODS_PER_MINUTE = 280;

/** `hogging` keeps the workers busy, so that reviews of the old revision have to wait too. */
export type Character = 'good' | 'crashing' | 'slow' | 'hogging' | 'different' | 'denying';

/** From minute to minute. */
interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Faults {
  /** Hardly any pods are created. */
  readonly lulls: readonly Span[];
  /** Everything fails, is slow or is denied now and then, whatever the revision. */
  readonly storms: readonly Span[];
  /** The listening processes end and are replaced: what they counted last is gone. */
  readonly restarts: readonly number[];
  /** A controller ends, before it stores its next change or right after; another one comes some minutes later. */
  readonly kills: readonly { readonly at: number; readonly point: 'before' | 'after'; readonly pause: number }[];
  /** Two controllers both take themselves for the only one. */
  readonly races: readonly Span[];
  readonly pauses: readonly Span[];
}

export const NO_FAULTS: Faults = { lulls: [], storms: [], restarts: [], kills: [], races: [], pauses: [] };

/** Sorted places of the workloads of a rollout called `sim`. */
const PLACES = Array.from({ length: WORKLOADS }, (_, i) => {
  return placeOf('sim', `ns-${i % 40}`, { kind: 'Deployment', name: `app-${i}` });
}).sort((a, b) => a - b);

/** The share of the workloads that a weight takes. */
export function shareOf(weight: number): number {
  let low = 0;
  let high = PLACES.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((PLACES[middle] ?? 100) < weight) low = middle + 1;
    else high = middle;
  }
  return low / PLACES.length;
}

interface Rates {
  readonly errors: number;
  readonly denied: number;
  /** Of requests that use most of their time. */
  readonly slow: number;
}

const USUAL: Rates = { errors: 0.0001, denied: 0.0001, slow: 0.0001 };
/** One in so many reviews is shadowed. */
const SHADOW_SAMPLE = 0.2;
const MIN_SHADOWED = 20;
/** How large the old revision's share of slow reviews is beside a hogging one's. */
const HOGGED = 0.2;

export class World {
  readonly #chance: Chance;
  readonly #character: Character;
  readonly faults: Faults;
  /** How much of a bad revision's pods show it. */
  readonly #severity: number;
  minute = 0;
  weight = 0;
  promoted = false;
  readonly #tallies = { v1: emptyTally('m', 'v1'), v2: emptyTally('m', 'v2') };
  /** By minute. */
  readonly #shadowed: { reviews: number; different: number }[] = [];

  constructor(chance: Chance, character: Character, faults: Faults) {
    this.#chance = chance;
    this.#character = character;
    this.faults = faults;
    this.#severity = chance.between(0.2, 1);
  }

  /** A minute goes by. */
  pass(): void {
    this.minute += 1;
    if (this.faults.restarts.includes(this.minute)) return;
    const quiet = this.#within(this.faults.lulls);
    const share = this.promoted ? 1 : shareOf(this.weight);
    const pods = quiet ? this.#chance.below(4) : Math.round(PODS_PER_MINUTE * this.#chance.between(0.7, 1.3));
    const toNew = this.#chance.binomial(pods, share);
    const reviews = this.#chance.binomial(pods, SHADOW_SAMPLE);
    const differing = this.#character === 'different' ? this.#severity : 0;
    this.#shadowed.push({ reviews, different: this.#chance.binomial(reviews, differing) });
    this.#count(this.#tallies.v1, pods - toNew, this.#ratesOfOld());
    this.#count(this.#tallies.v2, toNew, this.#ratesOfNew());
  }

  counts(): readonly Tally[] {
    return [this.#tallies.v1, this.#tallies.v2].map((tally) => ({ ...tally, shares: [...tally.shares] }));
  }

  /** In percent of the reviews that were shadowed in the last minutes; null where there were hardly any. */
  differenceRate(minutes: number): number | null {
    const last = this.#shadowed.slice(-minutes);
    const reviews = last.reduce((sum, each) => sum + each.reviews, 0);
    if (reviews < MIN_SHADOWED) return null;
    return (last.reduce((sum, each) => sum + each.different, 0) / reviews) * 100;
  }

  get isPaused(): boolean {
    return this.#within(this.faults.pauses);
  }

  get hasTwoControllers(): boolean {
    return this.#within(this.faults.races);
  }

  #within(spans: readonly Span[]): boolean {
    return spans.some(({ from, to }) => this.minute >= from && this.minute < to);
  }

  #ratesOfOld(): Rates {
    const hogged = this.#character === 'hogging' && this.weight > 0;
    return hogged ? { ...USUAL, slow: this.#severity * HOGGED } : USUAL;
  }

  #ratesOfNew(): Rates {
    switch (this.#character) {
      case 'crashing':
        return { ...USUAL, errors: this.#severity };
      case 'denying':
        return { ...USUAL, denied: this.#severity };
      case 'slow':
      case 'hogging':
        return { ...USUAL, slow: this.#severity };
      case 'good':
      case 'different':
        return USUAL;
    }
  }

  #count(tally: Tally, pods: number, own: Rates): void {
    const stormy = this.#within(this.faults.storms);
    const { errors, denied, slow } = stormy ? { errors: 0.4, denied: 0.4, slow: 0.4 } : USUAL;
    tally.requests += pods;
    const failed = this.#chance.binomial(pods, Math.max(errors, own.errors));
    tally.errors += failed;
    tally.denied += this.#chance.binomial(pods - failed, Math.max(denied, own.denied));
    const late = this.#chance.binomial(pods, Math.max(slow, own.slow));
    for (let i = 0; i < pods; i++) countShare(tally.shares, i < late ? 85 : 1.5);
  }
}
