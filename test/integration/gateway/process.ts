/**
 * The gateway as a process of its own, as its users start it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ReadyLine } from '../../../gateway/gateway.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const LIMIT_MS = 60_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class GatewayProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Finished>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [join(root, 'bin', 'meshgate.mjs'), ...args], {
      cwd: root,
      env: { ...cleanEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stderr?.on('data', (chunk) => {
      this.#stderr += String(chunk);
    });
    this.child.stdout?.on('data', (chunk) => {
      this.#stdout += String(chunk);
    });
    const limit = setTimeout(() => this.child.kill('SIGKILL'), LIMIT_MS);
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code) => {
        clearTimeout(limit);
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  async ready(): Promise<ReadyLine> {
    const { stdout } = this.child;
    if (stdout === null) throw new Error('no stdout');
    const line = new Promise<string>((resolve) => createInterface({ input: stdout }).once('line', resolve));
    const gone = this.ended.then(({ code, stderr }) => Promise.reject(new Error(`ended with ${code}: ${stderr}`)));
    return JSON.parse(await Promise.race([line, gone])) as ReadyLine;
  }
}

/** The processes that a gateway has started itself. */
export function children({ child: { pid } }: GatewayProcess): number[] {
  return readFile(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

/** Whether a process runs this command. */
export function isRunning(pid: number, command: string): boolean {
  return readFile(`/proc/${pid}/cmdline`).split('\0').includes(command);
}

/** Runs a command to its end. */
export function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return new GatewayProcess(args, environment).ended;
}

/** The environment without what would configure the gateway or its traces. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('MESHGATE_') && !name.startsWith('OTEL_')),
  );
}

/** A policy folder with a template mesh, and a state folder, in a folder of their own. */
export function makeFolders(): { policy: string; state: string; folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'meshgate-test-'));
  const policy = join(folder, 'policy');
  mkdirSync(policy);
  writeFileSync(
    join(policy, 'mesh.yaml'),
    `apiVersion: meshgate.dev/v1alpha1
kind: Mesh
metadata: {name: shop}
spec: {provider: template, defaultRevision: v1, paths: [/inject]}
---
apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: v1}
spec:
  mesh: shop
  template: {template: {file: overlay.tpl}, policy: enabled}
`,
  );
  writeFileSync(join(policy, 'overlay.tpl'), 'spec:\n  containers:\n  - {name: proxy, image: "proxy:1"}\n');
  return {
    policy,
    state: join(folder, 'state'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
