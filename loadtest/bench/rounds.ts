/**
 * Measuring several subjects in turn: each is warmed until it is steady, then they take turns in short windows, many rounds. What the
 * machine does to one of them in a round it does to the others as well, so the ratios of a round mean more than its figures.
 */
import { cpuSeconds } from './cpu-time.ts';
import { isWarm, type WarmRule, type WarmWindow } from './steadiness.ts';

/** What one subject did in one window. */
export interface Window {
  readonly requests: number;
  readonly errors: number;
  readonly seconds: number;
}

/** A window and the CPU time of the server in it; null where it is not known. */
export interface Measured<W extends Window> {
  readonly window: W;
  readonly perSecond: number;
  readonly cpuMicros: number | null;
  /** Cores that the server kept busy. */
  readonly busyCores: number | null;
}

export interface RoundSubject<W extends Window> {
  readonly name: string;
  readonly pid: number;
  /** Does its work for so long. */
  run(ms: number): Promise<W>;
}

export interface RoundPlan {
  readonly rounds: number;
  readonly windowMs: number;
  readonly warm: WarmRule;
}

/** Windows of the warming; a short one shows sooner that nothing is gained any more. */
const WARM_WINDOW_MS = 1_000;

export async function measureWindow<W extends Window>(subject: RoundSubject<W>, ms: number): Promise<Measured<W>> {
  const before = cpuSeconds(subject.pid);
  const window = await subject.run(ms);
  const after = cpuSeconds(subject.pid);
  const cpu = before === null || after === null ? null : after - before;
  return {
    window,
    perSecond: window.requests / window.seconds,
    cpuMicros: cpu === null ? null : (cpu / window.requests) * 1e6,
    busyCores: cpu === null ? null : cpu / window.seconds,
  };
}

/** Loads a subject until it is steady; returns its windows. */
export async function warmUp<W extends Window>(
  subject: RoundSubject<W>,
  rule: WarmRule,
): Promise<readonly WarmWindow[]> {
  const windows: WarmWindow[] = [];
  while (!isWarm(windows, rule)) {
    const { window, cpuMicros } = await measureWindow(subject, WARM_WINDOW_MS);
    const { requests, seconds } = window;
    windows.push({ requests, seconds, cost: cpuMicros ?? (seconds / requests) * 1e6 });
  }
  return windows;
}

/** Warms each subject, then gives each a window a round; result i has the windows of subject i in the order of the rounds. */
export async function measureRounds<W extends Window>(
  subjects: readonly RoundSubject<W>[],
  plan: RoundPlan,
): Promise<Measured<W>[][]> {
  for (const subject of subjects) await warmUp(subject, plan.warm);
  const measured: Measured<W>[][] = subjects.map(() => []);
  for (let round = 0; round < plan.rounds; round++) {
    // Every other round goes backwards: a machine that grows slower or faster then favours none.
    const order = [...subjects.keys()];
    if (round % 2 === 1) order.reverse();
    for (const i of order) {
      const subject = subjects[i];
      if (subject !== undefined) measured[i]?.push(await measureWindow(subject, plan.windowMs));
    }
  }
  return measured;
}
