/** One source of policies, as the gateway was told of it: by `--source`, or by a GatewaySource in the file of `--config`. */
import type { GatewaySourceSpec } from './kinds.ts';

export interface SourceSpec {
  /** Unique among the gateway's sources. */
  readonly name: string;
  /** A folder, a repository on this machine, or the URL of one. */
  readonly url: string;
  /** A text is what `--ref` takes: branch, tag or commit. Left out: what HEAD points to. */
  readonly ref?: string | NonNullable<GatewaySourceSpec['ref']> | undefined;
  /** Folder within the source; left out: all of it. */
  readonly path?: string | undefined;
  readonly intervalMs: number;
  /** For each git command that uses the network; left out: limits.ts. */
  readonly timeoutMs?: number | undefined;
  /** Patterns of `.gitignore`. */
  readonly ignore?: string | undefined;
  readonly suspend?: boolean | undefined;
  /** What its tests do that fail by another source's commit; left out: Hold. */
  readonly tests?: GatewaySourceSpec['tests'] | undefined;
  readonly proxy?: GatewaySourceSpec['proxy'] | undefined;
  readonly secretRef?: GatewaySourceSpec['secretRef'] | undefined;
  readonly verify?: GatewaySourceSpec['verify'] | undefined;
  /** What an overlay may define; left out: everything. */
  readonly allow?: SourceAllowance | undefined;
}

export type SourceAllowance = NonNullable<GatewaySourceSpec['allow']>;

/** The name of the one source that `--source` gives. */
export const DEFAULT_SOURCE_NAME = 'default';
