/**
 * What commands are given instead of reaching for globals, and what they answer with.
 */

export const EXIT_OK = 0;
/** The command ran, and found something wrong. */
export const EXIT_FINDINGS = 1;
/** The command was called in a way that it does not understand. */
export const EXIT_USAGE = 2;
/** The command could not run. */
export const EXIT_FAILED = 3;

export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The folder with package.json, bin/ and policies/; ends in a slash. */
  readonly root: URL;
  /** The piscina entry file. */
  readonly workerFile: URL;
  readonly version: string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Takes a command's exit code when its action has ended. */
  readonly finish: (exitCode: number) => void;
}

/** What there is before there is a command. */
export type Surroundings = Omit<CommandContext, 'finish'>;
