/**
 * `meshgate source-host`, which only a gateway runs: the process that keeps its sources.
 */
import { EXIT_OK, EXIT_USAGE, type Surroundings } from './context.ts';

export const SOURCE_HOST_COMMAND = 'source-host';

/** Resolves with the exit code when the gateway ends. */
export async function hostSources(context: Surroundings): Promise<number> {
  if (process.send === undefined) {
    context.stderr('meshgate: this command is for `serve`\n');
    return EXIT_USAGE;
  }
  // A terminal sends its signals to the whole group; the gateway says when it is time.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  const { hostSource } = await import('../gitsync/source-host.ts');
  const { createSnapshotSource } = await import('../gitsync/source.ts');
  const { CompileBench } = await import('../pool/compile-bench.ts');
  const { TestBench } = await import('../policytest/bench.ts');
  const { lowerProcessPriority } = await import('../tap/low-priority.ts');
  await hostSource({
    open: ({ sources, stateDir, workerMemory }, report) => {
      const compileBench = new CompileBench({ maxHeapMb: workerMemory });
      const testBench = new TestBench();
      compileBench.prepare();
      const source = createSnapshotSource({
        sources,
        stateDir,
        compile: (revision) => compileBench.check(revision),
        prepare: () => compileBench.prepare(),
        test: (snapshot, tests, prefix, signal) => testBench.run(snapshot, tests, prefix, signal),
        environment: context.environment,
        report,
      });
      return {
        source,
        close: async () => {
          await Promise.all([compileBench.close(), testBench.close()]);
        },
      };
    },
    onServing: lowerProcessPriority,
  });
  return EXIT_OK;
}
