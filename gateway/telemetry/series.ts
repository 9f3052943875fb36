/**
 * Counters and histograms that a request adds to for some ten nanoseconds. prom-client builds a text of the labels for every value, and
 * looks it up; that took a twentieth of the listening thread's time, and filled its old generation with those texts. Here each
 * combination of labels is found through maps, and what has been counted is told to prom-client when somebody reads it.
 */
import { Counter, Histogram, type Registry } from 'prom-client';

interface Naming<T extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly T[];
  readonly registry: Registry;
}

type Labels<T extends string> = Record<T, string>;

/** A value for each combination of labels that has occurred; whoever adds to them bounds the labels. */
class Combinations<T extends string, V> {
  readonly all: { readonly labels: Labels<T>; readonly value: V }[] = [];
  readonly #names: readonly T[];
  readonly #make: () => V;
  readonly #root = new Map<string, Map<string, Map<string, Map<string, V>>>>();

  constructor(names: readonly T[], make: () => V) {
    this.#names = names;
    this.#make = make;
  }

  /** The value for labels in the order of their names; '' in place of those that there are not. */
  at(first: string, second: string, third: string, fourth: string): V {
    const known = this.#root.get(first)?.get(second)?.get(third)?.get(fourth);
    return known ?? this.#add([first, second, third, fourth]);
  }

  #add(values: readonly [string, string, string, string]): V {
    const [first, second, third, fourth] = values;
    const value = this.#make();
    const seconds = entry(this.#root, first);
    const thirds = entry(seconds, second);
    entry(thirds, third).set(fourth, value);
    const labels = Object.fromEntries(this.#names.map((name, index) => [name, values[index] ?? ''])) as Labels<T>;
    this.all.push({ labels, value });
    return value;
  }
}

function entry<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const made = new Map<string, V>();
  maps.set(key, made);
  return made;
}

/** A counter with up to four labels. */
export class CountedSeries<T extends string> {
  readonly #counts: Combinations<T, { count: number }>;

  constructor({ name, help, labelNames, registry }: Naming<T>) {
    const counts = new Combinations(labelNames, () => ({ count: 0 }));
    this.#counts = counts;
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, value } of counts.all) this.inc(labels, value.count);
      },
    });
  }

  /** Counts one, under labels in the order of their names. */
  add(first: string, second = '', third = '', fourth = ''): void {
    this.#counts.at(first, second, third, fourth).count += 1;
  }
}

/** Counts by bucket; the last one is of what is above all bounds. */
interface Distribution {
  readonly counts: Float64Array;
  sum: number;
}

/** As prom-client's histograms tell theirs to its registry; `sharedLabels` stand behind `labels`. */
interface Told {
  readonly metricName: string;
  readonly labels: { readonly le?: number | string };
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A histogram with up to two labels. prom-client's own can be told of one value at a time only, so this answers in its place. */
export class DistributedSeries<T extends string> extends Histogram<T> {
  readonly #naming: Naming<T>;
  readonly #bounds: readonly number[];
  readonly #distributions: Combinations<T, Distribution>;

  constructor(naming: Naming<T>, bounds: readonly number[]) {
    const { name, help, labelNames, registry } = naming;
    super({ name, help, labelNames, buckets: [...bounds], registers: [registry] });
    this.#naming = naming;
    this.#bounds = bounds;
    this.#distributions = new Combinations(labelNames, () => {
      return { counts: new Float64Array(bounds.length + 1), sum: 0 };
    });
  }

  /** Adds one value, under labels in the order of their names. */
  add(value: number, first: string, second = ''): void {
    const distribution = this.#distributions.at(first, second, '', '');
    const { counts } = distribution;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
    distribution.sum += value;
  }

  /** What the registry asks for when it writes text, and what `get` makes its data from. */
  async getForPromString(): Promise<object> {
    const { name, help } = this.#naming;
    const values = this.#distributions.all.flatMap(({ labels, value }) => this.#tell(labels, value));
    return { name, help, type: 'histogram', values, aggregator: 'sum' };
  }

  #tell(sharedLabels: Labels<T>, { counts, sum }: Distribution): Told[] {
    const { name } = this.#naming;
    const told: Told[] = [];
    let count = 0;
    for (const [bucket, le] of [...this.#bounds, '+Inf'].entries()) {
      count += counts[bucket] ?? 0;
      told.push({ metricName: `${name}_bucket`, labels: { le }, sharedLabels, value: count });
    }
    told.push({ metricName: `${name}_sum`, labels: {}, sharedLabels, value: sum });
    told.push({ metricName: `${name}_count`, labels: {}, sharedLabels, value: count });
    return told;
  }
}
