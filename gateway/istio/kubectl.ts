/** Reads the objects of a live cluster through kubectl, which knows every way there is to log in. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { JsonObject } from '../../workers/template/value.ts';
import { readObjects } from '../manifests/objects.ts';

/** One kubectl command. */
const KUBECTL_TIMEOUT_MS = 60_000;
/** Output of one kubectl command, in bytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface ClusterAccess {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Where the control plane is. */
  readonly namespace: string;
}

/** TOOL_MISSING: there is no kubectl; TOOL_FAILED: it can not read the cluster. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';
  readonly code: 'TOOL_MISSING' | 'TOOL_FAILED';
  constructor(code: 'TOOL_MISSING' | 'TOOL_FAILED', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What is read, in kubectl's words. */
function queries(namespace: string): readonly (readonly string[])[] {
  return [
    ['configmaps', '-n', namespace],
    ['deployments', '-n', namespace, '-l', 'app=istiod'],
    ['mutatingwebhookconfigurations'],
    ['namespaces'],
    ['nodes'],
  ];
}

/** All objects that an import looks at. Throws KubectlError. */
export async function readCluster(access: ClusterAccess, environment: NodeJS.ProcessEnv): Promise<JsonObject[]> {
  const objects: JsonObject[] = [];
  for (const query of queries(access.namespace)) {
    objects.push(...readObjects(await kubectl(['get', ...query, '-o', 'json'], access, environment)));
  }
  return objects;
}

async function kubectl(
  args: readonly string[],
  { kubeconfig, context }: ClusterAccess,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  const access = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ];
  try {
    const { stdout } = await promisify(execFile)('kubectl', [...access, ...args], {
      env: environment,
      timeout: KUBECTL_TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
      encoding: 'utf8',
    });
    return stdout;
  } catch (error) {
    throw failure(args, error);
  }
}

function failure(args: readonly string[], error: unknown): KubectlError {
  const { code, stderr, killed } = error as { code?: unknown; stderr?: string; killed?: boolean };
  if (code === 'ENOENT') {
    const message = 'kubectl is not on the PATH: install it, or give files made with kubectl get … -o yaml';
    return new KubectlError('TOOL_MISSING', message, { cause: error });
  }
  const command = `kubectl ${args.join(' ')}`;
  if (killed === true)
    return new KubectlError('TOOL_FAILED', `${command} took longer than ${KUBECTL_TIMEOUT_MS / 1000} s`);
  return new KubectlError(
    'TOOL_FAILED',
    `${command} failed: ${(stderr ?? '').trim().split('\n').at(-1) || String(error)}`,
    {
      cause: error,
    },
  );
}
