/** The sources of a gateway together: what all of them have, what is wrong with any of them, and how they are told of. */
import type { Problem, SourceReport } from '../snapshot.ts';
import { composedRevision } from './compose.ts';
import { type GatewayState, reportSource } from './conditions.ts';
import type { Environment } from './git-command.ts';
import { displaySource } from './location.ts';
import { SourceMember } from './source-member.ts';
import type { SourceSpec } from './source-spec.ts';
import type { SourceTree } from './tree.ts';

export interface MemberSetOptions {
  /** At least one, the base first. */
  readonly sources: readonly SourceSpec[];
  readonly stateDir: string;
  readonly environment: Environment;
  readonly onRepair: (message: string) => void;
}

export class MemberSet {
  readonly all: readonly SourceMember[];

  constructor({ sources, stateDir, environment, onRepair }: MemberSetOptions) {
    this.all = sources.map((spec) => new SourceMember({ spec, stateDir, environment, onRepair }));
  }

  get isSingle(): boolean {
    return this.all.length === 1;
  }

  /** Whether something is known of every source. */
  get isComplete(): boolean {
    return this.all.every(({ latest }) => latest !== null);
  }

  /** What all sources have now, as one revision. */
  observed(): string {
    return composedRevision(
      this.all.map(({ spec, latest }) => ({ name: spec.name, revision: latest?.revision ?? '' })),
    );
  }

  /** Why sources could not be read. With several of them it has to be told whose fault it is. */
  faults(): readonly Problem[] {
    return this.all.flatMap(({ spec, problems }) =>
      this.isSingle ? problems : problems.map((each) => ({ ...each, message: `source ${spec.name}: ${each.message}` })),
    );
  }

  /** What is wrong with the newest commits that others serve for. */
  rejections(): readonly Problem[] {
    return this.all.flatMap(({ rejected }) => rejected?.problems ?? []);
  }

  /** Remembers what serves; `onError` is told of each source for which that can not be kept over a restart. */
  async keep(
    trees: ReadonlyMap<SourceMember, SourceTree>,
    signal: AbortSignal,
    onError: (error: unknown) => void,
  ): Promise<void> {
    for (const [member, tree] of trees) await member.keep(tree, signal).catch(onError);
  }

  /** Milliseconds until a source that failed is tried again; null when none did. `failures` are those of builds. */
  retryInMs(failures: number): number | null {
    const failed = this.all.filter((member) => member.failures > 0 || failures > 0);
    return failed.length > 0 ? Math.min(...failed.map((member) => member.delayMs(failures))) : null;
  }

  /** Sources whose transport protects nothing, as they may be shown. */
  insecure(): readonly string[] {
    return this.all.filter(({ spec }) => /^http:\/\//i.test(spec.url)).map(({ spec }) => displaySource(spec.url));
  }

  async watched(): Promise<readonly string[]> {
    return (await Promise.all(this.all.map((member) => member.watched()))).flat();
  }

  /** `before`: the last reports, whose times stay where nothing has changed. */
  report(state: GatewayState, before: readonly SourceReport[] | undefined): readonly SourceReport[] {
    return this.all.map((member) => {
      return reportSource(member, state, before?.find(({ name }) => name === member.spec.name) ?? null);
    });
  }
}
