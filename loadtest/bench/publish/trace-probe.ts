/**
 * Loaded into a gateway's process (`node --import`), also into its worker threads: what each thread did, as spans in the file of
 * MESHGATE_TRACE, one JSON object a line. Of the main thread its stalls and collections; of a worker each task that piscina handed to it, with
 * the collections in it, and each batch of reviews. A worker's event loop hardly turns (it waits for tasks with Atomics.wait), so nothing there can be
 * observed but from within: the functions by which a task is taken and answered are wrapped.
 */
import { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { PerformanceObserver } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { isMainThread, MessagePort, threadId } from 'node:worker_threads';

export interface Span {
  /** `main` or `generator`, or `worker` with the thread's number. */
  readonly thread: string;
  /** A task's name, `stall`, or `gc` with V8's name of the kind. */
  readonly what: string;
  /** By the clock of the machine, in ms since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** CPU time of the thread; left out where it is not known. What is missing to the span's length, others had the core or the thread waited. */
  readonly cpuMs?: number;
  /** Collections within the span: kind and length in ms. */
  readonly collections?: readonly (readonly [kind: string, lengthMs: number])[];
}

const LOOK_MS = 1;
/** Shorter ones are not told. */
const STALL_MS = 4;
const COLLECTION_MS = 1;
const file = process.env['MESHGATE_TRACE'];

if (file !== undefined && process.send === undefined) {
  if (isMainThread) traceLoop(file, 'main');
  else traceWorker(file);
}

/** Tells of this thread's stalls and collections until the function that it returns is called. */
export function traceLoop(to: string, thread: string): () => void {
  let atMs = nowMs();
  let cpu = cpuMs();
  const looks = setInterval(() => {
    const [now, cpuNow] = [nowMs(), cpuMs()];
    if (now - atMs >= STALL_MS) tell(to, { thread, what: 'stall', fromMs: atMs, toMs: now, cpuMs: cpuNow - cpu });
    atMs = now;
    cpu = cpuNow;
  }, LOOK_MS).unref();
  const collections = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry;
      if (duration < COLLECTION_MS) continue;
      const fromMs = performance.timeOrigin + startTime;
      const kind = (entry as { detail?: { kind?: number } }).detail?.kind ?? 0;
      tell(to, { thread, what: `gc ${kind}`, fromMs, toMs: fromMs + duration });
    }
  });
  collections.observe({ entryTypes: ['gc'] });
  return () => {
    clearInterval(looks);
    collections.disconnect();
  };
}

/** A task of piscina, or a batch of reviews, of which a worker has one at a time. */
interface PostedTask {
  readonly taskId?: number;
  readonly name?: string;
  readonly compartment?: number;
}

const BATCH = -1;

function traceWorker(to: string): void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as {
    receiveMessageOnPort: (port: MessagePort) => { message: PostedTask } | undefined;
  };
  const running = new Map<number, { readonly what: string; readonly fromMs: number; readonly cpu: number }>();
  const receive = threads.receiveMessageOnPort;
  let profiler = new GCProfiler();
  profiler.start();
  const begin = ({ taskId, name, compartment }: PostedTask): void => {
    const id = taskId ?? (compartment === undefined ? undefined : BATCH);
    if (id !== undefined) running.set(id, { what: name ?? 'inject', fromMs: nowMs(), cpu: cpuMs() });
  };
  threads.receiveMessageOnPort = (port) => {
    const received = receive(port);
    if (received !== undefined) begin(received.message);
    return received;
  };
  syncBuiltinESMExports();
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (
    this: MessagePort,
    message: PostedTask | readonly unknown[],
    ...rest: []
  ) {
    const id = Array.isArray(message) ? BATCH : (message as PostedTask | null)?.taskId;
    const task = id === undefined ? undefined : running.get(id);
    post.call(this, message, ...rest);
    if (id === undefined || task === undefined) return;
    running.delete(id);
    const { statistics } = profiler.stop();
    profiler = new GCProfiler();
    profiler.start();
    const collections = statistics
      .map(({ gcType, cost }) => [gcType, cost / 1_000] as const)
      .filter(([, lengthMs]) => lengthMs >= COLLECTION_MS);
    const { what, fromMs, cpu } = task;
    tell(to, { thread: `worker ${threadId}`, what, fromMs, toMs: nowMs(), cpuMs: cpuMs() - cpu, collections });
  };
}

function tell(to: string, span: Span): void {
  appendFileSync(to, `${JSON.stringify(span)}\n`);
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
