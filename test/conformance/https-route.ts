/** Recorded reviews through the real gateway, as the apiserver sends them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startGateway } from '../../loadtest/gateway.ts';
import { ConformanceFolder } from './policy-folder.ts';
import type { Answer, ReviewCase } from './review-case.ts';

const CONNECTIONS = 4;
/** Requests under way at once. */
const CONCURRENCY = 16;

/** Why a case can not be sent as recorded, or is answered otherwise on purpose; null where neither is so. */
export function notForHttps({ body, contentType, expected }: ReviewCase): string | null {
  const isJson = contentType.split(';')[0]?.trim().toLowerCase() === 'application/json';
  if (expected.kind === 'http' && expected.status === 415 && isJson) {
    return 'parameters and case of a content type do not matter';
  }
  return expected.kind === 'review' && expected.allowed && !isJsonText(body) ? 'reviews come as JSON' : null;
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Answers all cases by one gateway, in any order; `each` is called once for every case, with null where policy files can not say what
 * the case is about.
 */
export async function answerOverHttps(
  cases: readonly ReviewCase[],
  each: (recorded: ReviewCase, answer: Answer | null) => void,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-conformance-'));
  try {
    const policies = new ConformanceFolder(folder);
    const asked = cases.map((recorded) => ({ recorded, path: policies.add(recorded) }));
    policies.write();
    const gateway = await startGateway({ args: ['--source', folder, '--log-level', 'error'] });
    const pool = new Pool(gateway.admission, {
      connections: CONNECTIONS,
      connect: { ca: readFileSync(gateway.ca) },
    });
    try {
      const queue = asked[Symbol.iterator]();
      const ask = async (): Promise<void> => {
        for (const { recorded, path } of queue) each(recorded, path === null ? null : await send(pool, path, recorded));
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, ask));
    } finally {
      await pool.close();
      await gateway.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function send(pool: Pool, path: string, { body, contentType }: ReviewCase): Promise<Answer> {
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path: `${encodeURI(path)}?timeout=30s`,
    headers: { 'content-type': contentType },
    body,
  });
  return { status: statusCode, body: await answer.text(), code: null };
}
