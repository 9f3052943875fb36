/**
 * `npm run loadtest -- SCENARIO [--target URL] [--sidecar NAME] [--rate N] [--seconds N] [--seed N]`: runs one k6 scenario of
 * loadtest/scenarios against the gateway with the default policies of this checkout, or against any injector over HTTPS.
 * Exits 1 when a threshold is crossed, 2 for wrong use, 3 when it could not run.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { startGateway } from './gateway.ts';
import { installK6 } from './k6/install.ts';

const root = join(import.meta.dirname, '..');
const scenarios = join(import.meta.dirname, 'scenarios');

/** k6 knows no npm packages and follows no `.ts` import of a `.ts` file it was not given: it gets one plain script. */
async function bundle(scenario: string): Promise<string> {
  const folder = join(root, '.cache', 'loadtest');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${scenario}.js`);
  await build({
    entryPoints: [join(scenarios, `${scenario}.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2020',
    external: ['k6', 'k6/*'],
    logLevel: 'error',
  });
  return outfile;
}

function runK6(binary: string, script: string, env: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, ['run', '--quiet', '--no-usage-report', script], {
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      target: { type: 'string' },
      sidecar: { type: 'string', default: 'istio-proxy' },
      rate: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const scenario = positionals[0];
  if (scenario === undefined || !existsSync(join(scenarios, `${scenario}.ts`))) {
    const names = readdirSync(scenarios).map((file) => file.replace(/\.ts$/, ''));
    console.error(`usage: npm run loadtest -- SCENARIO [--target URL]; scenarios: ${names.join(', ')}`);
    return 2;
  }
  const binary = installK6();
  const script = await bundle(scenario);
  const env: Record<string, string> = { SIDECAR: values.sidecar };
  for (const name of ['rate', 'seconds', 'seed'] as const) {
    const value = values[name];
    if (value !== undefined) env[name.toUpperCase()] = value;
  }
  if (values.target !== undefined)
    return (await runK6(binary, script, { ...env, TARGET: values.target })) === 0 ? 0 : 1;
  const gateway = await startGateway({ args: ['--source', root, '--path', 'policies'] });
  try {
    return (await runK6(binary, script, { ...env, TARGET: `${gateway.admission}/inject` })) === 0 ? 0 : 1;
  } finally {
    await gateway.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 3;
}
