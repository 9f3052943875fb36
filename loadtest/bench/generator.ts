/**
 * A closed-loop load generator for capacity: N TLS connections, each sending the next review as soon as its answer is there. It
 * reads answers just far enough to know their length and status, so that one core of it outruns one core of any server here (k6
 * ends at 7,000 to 11,000 a second). Run as a process of its own on another core than the server.
 *
 * stdin: {url, connections, seconds, warmupSeconds, seed, distinct, storm, annotations}; stdout: one JSON line of Measurement.
 */
import { connect, type TLSSocket } from 'node:tls';
import { distinctReviews, stormReviews } from '../fleet/fleet.ts';

export interface GeneratorTask {
  readonly url: string;
  readonly connections: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly seed: number;
  /** How many different reviews are sent in turn. */
  readonly distinct: number;
  readonly storm: boolean;
  /** Annotations of every pod. */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Measurement {
  readonly requests: number;
  readonly errors: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answerBytes: number;
  readonly reviewBytes: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** An answer that takes longer than this ends the run: the apiserver would have given up long before. */
const ANSWER_LIMIT_MS = 30_000;

if (import.meta.main) {
  let input = '';
  for await (const chunk of process.stdin) input += String(chunk);
  console.log(JSON.stringify(await generate(JSON.parse(input) as GeneratorTask)));
}

/** Sends reviews for warmupSeconds + seconds and measures the latter. Rejects when a connection fails. */
export async function generate(task: GeneratorTask): Promise<Measurement> {
  const url = new URL(task.url);
  const reviews = (task.storm ? stormReviews : distinctReviews)({
    seed: task.seed,
    annotations: task.annotations,
  });
  const requests: Buffer[] = [];
  let reviewBytes = 0;
  for (let i = 0; i < task.distinct; i++) {
    const body = JSON.stringify(reviews.next().value);
    reviewBytes += body.length;
    const head = `POST ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    requests.push(Buffer.from(head + body));
  }

  const latencies: number[] = [];
  let errors = 0;
  let bytes = 0;
  let next = 0;
  const start = performance.now() + task.warmupSeconds * 1_000;
  const end = start + task.seconds * 1_000;

  const loop = (socket: TLSSocket): Promise<void> =>
    new Promise((resolve, reject) => {
      let sentAt = 0;
      let expected = -1;
      let received = 0;
      let ok = true;
      let pending: Buffer = Buffer.alloc(0);
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt >= end) {
          socket.destroy();
          resolve();
          return;
        }
        const request = requests[next++ % requests.length];
        if (request !== undefined) socket.write(request);
      };
      socket.setTimeout(ANSWER_LIMIT_MS, () => reject(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
      socket.on('error', reject);
      socket.on('close', () => {
        if (performance.now() < end) reject(new Error('the server closed a connection'));
        else resolve();
      });
      socket.on('data', (chunk: Buffer) => {
        if (expected < 0) {
          pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
          const headEnd = pending.indexOf(HEAD_END);
          if (headEnd < 0) return;
          const head = pending.toString('latin1', 0, headEnd);
          const length = /content-length: *(\d+)/i.exec(head);
          if (length === null) {
            reject(new Error(`answer without Content-Length: ${head.slice(0, 200)}`));
            return;
          }
          ok = head.startsWith('HTTP/1.1 200');
          expected = headEnd + HEAD_END.length + Number(length[1]);
          received = pending.length;
          pending = Buffer.alloc(0);
        } else received += chunk.length;
        if (received < expected) return;
        const now = performance.now();
        if (sentAt >= start && now <= end) {
          latencies.push(now - sentAt);
          bytes += expected;
          if (!ok) errors++;
        }
        expected = -1;
        send();
      });
      socket.once('secureConnect', send);
    });

  const sockets = Array.from({ length: task.connections }, () =>
    connect({ host: url.hostname, port: Number(url.port), rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }),
  );
  await Promise.all(sockets.map(loop));
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: latencies.length,
    errors,
    requestsPerSecond: latencies.length / task.seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    answerBytes: Math.round(bytes / Math.max(1, latencies.length)),
    reviewBytes: Math.round(reviewBytes / task.distinct),
  };
}
