/** What runs in the thread of policytest/bench.ts: a snapshot's tests, and a problem for each that fails. */
import { compileRevision } from '../../workers/inject/compile.ts';
import { CompiledPolicies } from '../../workers/policy/policy-set.ts';
import type { InjectionTestSpec } from '../gitsync/kinds.ts';
import { type Position, problem } from '../gitsync/problem.ts';
import type { ResolvedTest } from '../gitsync/resolve-set.ts';
import type { Problem, Snapshot } from '../snapshot.ts';
import { lowerThreadPriority } from '../tap/low-priority.ts';
import { runInjectionTests } from './run.ts';

// Requests come first where both want a core.
lowerThreadPriority();

export interface TestTask {
  readonly snapshot: Snapshot;
  readonly prefix: string;
  readonly tests: readonly PlainTest[];
}

export interface PlainTest {
  readonly file: string;
  readonly name: string;
  readonly spec: InjectionTestSpec;
  readonly position: Position;
  readonly review: string | null;
}

export default function runTests({ snapshot, prefix, tests }: TestTask): readonly Problem[] {
  const resolved = new Map(tests.map((test) => [test.name, revive(test)]));
  return testProblems(
    runInjectionTests(snapshot, resolved, prefix, {
      revision: compileRevision,
      policies: (source) => new CompiledPolicies(source),
    }),
  );
}

/** One problem for each thing that is not as expected. */
export function testProblems(results: ReturnType<typeof runInjectionTests>): readonly Problem[] {
  return results.flatMap(({ name, file, line, column, failures }) =>
    failures.map((failure) => problem('TEST_FAILED', file, `test ${name}: ${failure}`, { line, column })),
  );
}

/** The document as far as tests need it: it was read in another thread, and is known by its name's place. */
function revive({ file, name, spec, position, review }: PlainTest): ResolvedTest {
  const source = {
    index: 0,
    value: {},
    text: '',
    position,
    locate: () => position,
    locateText: () => ({ position, indent: null }),
  };
  return { placed: { file, document: { kind: 'InjectionTest', name, spec, source } }, review };
}
