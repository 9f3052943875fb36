/** Longest text that is read, in UTF-16 code units: far above an etcd object (1.5 MiB) or a request (3 MiB). */
export const MAX_YAML_LENGTH = 16 * 1024 * 1024;

/**
 * Deepest nesting that is read or written. go-yaml stops at 10,000; JavaScript's stack has to hold the recursion of every
 * reader of the value too, and no Kubernetes object comes near 100.
 */
export const MAX_YAML_DEPTH = 1000;

/** Most documents in one stream: a file with every object of a large cluster's namespace has some thousands. */
export const MAX_YAML_DOCUMENTS = 20_000;

/** A key without `?` ends within this many characters of its start, or it is no key (YAML 1.1, 7.3.3). */
export const MAX_SIMPLE_KEY_LENGTH = 1024;

/*
 * How much of a document may come from aliases, as go-yaml v2 has it: a share of all decoded nodes that shrinks from 99 %
 * to 10 % between these two sizes. Below ALIAS_FREE_NODES alias nodes or FREE_NODES nodes, nothing is asked.
 */
export const ALIAS_FREE_NODES = 100;
export const FREE_NODES = 1000;
const RATIO_RANGE_LOW = 400_000;
const RATIO_RANGE_HIGH = 4_000_000;

/** Highest share of alias-made nodes that a document of `nodes` decoded nodes may have. */
export function allowedAliasRatio(nodes: number): number {
  if (nodes <= RATIO_RANGE_LOW) return 0.99;
  if (nodes >= RATIO_RANGE_HIGH) return 0.1;
  return 0.99 - 0.89 * ((nodes - RATIO_RANGE_LOW) / (RATIO_RANGE_HIGH - RATIO_RANGE_LOW));
}
