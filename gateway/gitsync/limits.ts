/** Every bound of a sync, in one place: what a source may weigh and how long git may take. */

/** Files and folders a source's path may hold, read or not. */
export const MAX_TREE_ENTRIES = 20_000;
/** Length of one path within a source, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 1_024;
/** A file that holds policy documents. */
export const MAX_POLICY_FILE_BYTES = 1024 * 1024;
/** A file that a document refers to (an injection template, a chart's values, a dumped ConfigMap). */
export const MAX_REFERENCED_FILE_BYTES = 4 * 1024 * 1024;
/** Everything that one attempt reads; the texts of a thousand Istio revisions take 115 MB. */
export const MAX_TOTAL_BYTES = 192 * 1024 * 1024;
/** Policy documents of one source. */
export const MAX_DOCUMENTS = 5_000;
/** Nesting of one document; deeper ones are refused before anything recurses into them. */
export const MAX_DOCUMENT_DEPTH = 64;
/** Nodes that aliases may add to a document (a "YAML bomb" multiplies them). */
export const MAX_ALIASES = 200;
/** Values a document may expand to once its aliases are followed. */
export const MAX_DOCUMENT_VALUES = 500_000;
/** Longer texts are parsed in a thread, so that requests do not wait. About 15 ms of parsing. */
export const MAX_INLINE_PARSE_LENGTH = 24 * 1024;
/** What that thread may take for one text. */
export const PARSE_TIMEOUT_MS = 20_000;
export const PARSE_MEMORY_MB = 512;
/** Problems reported for one commit; the rest is counted. */
export const MAX_PROBLEMS = 500;

/** One git command that only reads local objects. */
export const GIT_READ_TIMEOUT_MS = 30_000;
/** `git ls-remote`. */
export const GIT_REMOTE_TIMEOUT_MS = 30_000;
/** `git fetch`, and the housekeeping of the cache. */
export const GIT_FETCH_TIMEOUT_MS = 120_000;
/** What one fetch may write to the cache; a shallow fetch of a policy repository is far below it. */
export const MAX_FETCH_BYTES = 512 * 1024 * 1024;
/** How often a running fetch is measured against MAX_FETCH_BYTES. */
export const FETCH_MEASURE_INTERVAL_MS = 250;
/** Output of one git command that is kept in memory, listings and blobs alike. */
export const MAX_GIT_OUTPUT_BYTES = 80 * 1024 * 1024;
/** Packs in the cache before it is repacked and pruned: each fetch leaves one. */
export const MAX_CACHE_PACKS = 40;

/** Size of a saved snapshot. */
export const MAX_STATE_BYTES = 128 * 1024 * 1024;

/** A start without an answer from the source serves the saved snapshot after this long, and keeps trying. */
export const START_GRACE_MS = 5_000;
/** Quiet time after a change in a watched folder before it is read. */
export const WATCH_DEBOUNCE_MS = 200;
/** First delay after a failed attempt; doubles with each further one. */
export const RETRY_BASE_MS = 5_000;
/** Longest delay between attempts, unless the interval itself is longer. */
export const RETRY_MAX_MS = 300_000;
/** Share of a delay that is random, so that replicas do not ask the server at once. */
export const JITTER = 0.1;
/** Revisions compiled at the same time. */
export const COMPILE_CONCURRENCY = 4;

/** A file of a source's secrets or keys. */
export const MAX_SECRET_BYTES = 1024 * 1024;
/** Files of keys that one source trusts. */
export const MAX_KEY_FILES = 100;
/** `gpg --import` of all of them. */
export const GPG_TIMEOUT_MS = 20_000;
/** Sources that compose one snapshot. */
export const MAX_SOURCES = 64;
/** Tags that a range of versions is looked for among, as a listing. */
export const MAX_TAGS_BYTES = 8 * 1024 * 1024;
/** Snapshots that can be gone back to, the one that serves among them. */
export const MAX_HISTORY = 10;
/** What they may weigh on the disk together. */
export const MAX_HISTORY_BYTES = 256 * 1024 * 1024;
/** How long calls of the webhook receiver are gathered before the sources are looked at. */
export const TRIGGER_DEBOUNCE_MS = 100;
/** How often a build leaves out the newest commit of a source whose files are wrong, and tries with its last good one. */
export const MAX_FALLBACK_ROUNDS = 3;
/** Of how many sources with new commits each alone is looked at, when a source that has none fails by one of them. */
export const MAX_SUSPECTS = 4;
