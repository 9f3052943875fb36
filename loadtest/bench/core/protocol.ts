/** What the process of in-process measurements is asked, and what it answers. */
import type { BenchProvider } from '../policy.ts';

/** Compiles the revision and makes the reviews. */
export interface PrepareCommand {
  readonly do: 'prepare';
  /** The checkout or build whose core is measured. */
  readonly root: string;
  /** Folder with the revision's texts. */
  readonly texts: string;
  readonly provider: BenchProvider;
  readonly storm: boolean;
  /** How many reviews are taken in turn. */
  readonly count: number;
  readonly annotations: Readonly<Record<string, string>>;
  /** Environment variables of each pod besides the usual handful. */
  readonly extraEnv: number;
}

/** `inject`: from a review's text to its answer's. `calibrate`: JSON.parse and JSON.stringify of the same reviews. */
export interface RunCommand {
  readonly do: 'inject' | 'calibrate';
  readonly ms: number;
}

export type CoreCommand = PrepareCommand | RunCommand;

export interface CoreWindow {
  readonly requests: number;
  /** Reviews that were not patched. */
  readonly errors: number;
  readonly seconds: number;
}

export interface Prepared {
  /** Mean length of the reviews. */
  readonly reviewBytes: number;
}
