/** Workloads with the variety of real ones: languages, ports, probes, volumes, several containers, four kinds of owners. */
import type { Random } from './random.ts';

export interface FleetOptions {
  readonly seed: number;
  /** Labels every pod carries, e.g. `{'istio.io/rev': 'canary'}`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Annotations every pod carries, e.g. `{'linkerd.io/inject': 'enabled'}`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Environment variables of the first container beside the usual handful (big pods: 1,500 are 92 KB). */
  readonly extraEnv?: number;
}

export interface Workload {
  readonly kind: 'ReplicaSet' | 'StatefulSet' | 'Job' | 'DaemonSet';
  readonly namespace: string;
  readonly name: string;
  /** Name of the direct owner: for a Deployment's pod its ReplicaSet. */
  readonly owner: string;
  readonly ownerUid: string;
  readonly podTemplateHash: string;
  readonly template: { readonly metadata: Record<string, unknown>; readonly spec: Record<string, unknown> };
}

const OWNER_KINDS = ['ReplicaSet', 'ReplicaSet', 'ReplicaSet', 'StatefulSet', 'Job', 'DaemonSet'] as const;
const TEAMS = ['shop', 'payments', 'search', 'identity', 'media', 'logistics', 'ml', 'billing'] as const;
const PARTS = [
  'web',
  'api',
  'worker',
  'gateway',
  'cache',
  'scheduler',
  'indexer',
  'mailer',
  'frontend',
  'ledger',
] as const;
const REGISTRIES = [
  'registry.example.com/apps',
  'ghcr.io/example',
  '123456789012.dkr.ecr.eu-west-1.amazonaws.com/prod',
] as const;
const ENV_NAMES = [
  'LOG_LEVEL',
  'DATABASE_URL',
  'REDIS_ADDR',
  'JAVA_OPTS',
  'HTTP_PORT',
  'FEATURE_FLAGS',
  'OTEL_SERVICE_NAME',
  'REGION',
] as const;

export function makeWorkload(random: Random, options: FleetOptions): Workload {
  const team = random.pick(TEAMS);
  const name = `${random.pick(PARTS)}-${random.pick(PARTS)}-${random.suffix(4)}`;
  const kind = random.pick(OWNER_KINDS);
  const podTemplateHash = random.suffix(10);
  const namespace = `${team}-${random.pick(['prod', 'staging', 'dev'])}`;
  const version = `v${1 + random.below(4)}.${random.below(20)}.${random.below(40)}`;
  const labels: Record<string, string> = { ...(random.chance(0.7) ? { app: name } : {}), ...options.labels };
  if (random.chance(0.6)) {
    labels['app.kubernetes.io/name'] = name;
    labels['app.kubernetes.io/version'] = version;
    labels['app.kubernetes.io/part-of'] = team;
  } else if (random.chance(0.5)) labels.version = version;
  if (random.chance(0.3)) labels.team = team;
  if (kind === 'ReplicaSet') labels['pod-template-hash'] = podTemplateHash;
  if (kind === 'Job') labels['batch.kubernetes.io/job-name'] = name;
  if (kind === 'StatefulSet') labels['apps.kubernetes.io/pod-index'] = String(random.below(9));

  const annotations: Record<string, string> = { ...options.annotations };
  if (random.chance(0.4)) {
    annotations['prometheus.io/scrape'] = 'true';
    annotations['prometheus.io/port'] = String(9000 + random.below(1000));
    if (random.chance(0.5)) annotations['prometheus.io/path'] = `/metrics/${random.suffix(3)}`;
  }
  if (random.chance(0.2)) annotations['sidecar.istio.io/proxyCPU'] = `${100 + 50 * random.below(10)}m`;
  if (random.chance(0.15))
    annotations['traffic.sidecar.istio.io/excludeOutboundPorts'] = String(3000 + random.below(6000));
  if (random.chance(0.3))
    annotations['kubectl.kubernetes.io/restartedAt'] = `2026-10-${10 + random.below(20)}T12:00:0${random.below(10)}Z`;
  if (random.chance(0.3)) annotations['checksum/config'] = random.hex(64);

  const containerCount = random.chance(0.8) ? 1 : 2;
  const containers: Record<string, unknown>[] = [];
  for (let i = 0; i < containerCount; i++)
    containers.push(makeContainer(random, i === 0 ? name : `${random.pick(PARTS)}-agent`, version, i));
  const first = containers[0];
  if (first !== undefined && options.extraEnv !== undefined) {
    const more = Array.from({ length: options.extraEnv }, (_, i) => ({
      name: `SETTING_${i}`,
      value: `value-${i}-${random.hex(16)}`,
    }));
    first.env = [...((first.env as unknown[] | undefined) ?? []), ...more];
  }
  const spec: Record<string, unknown> = {
    volumes: makeVolumes(random, name),
    ...(random.chance(0.25) ? { initContainers: [makeContainer(random, 'migrate', version, 9)] } : {}),
    containers,
    restartPolicy: kind === 'Job' ? 'Never' : 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: random.chance(0.5) ? name : 'default',
    serviceAccount: 'default',
    securityContext: random.chance(0.4)
      ? { runAsNonRoot: true, runAsUser: 1000 + random.below(9000), fsGroup: 2000 }
      : {},
    schedulerName: 'default-scheduler',
    tolerations: [
      { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    ],
    priority: 0,
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
  };
  return {
    kind,
    namespace,
    name,
    owner: kind === 'ReplicaSet' ? `${name}-${podTemplateHash}` : name,
    ownerUid: uid(random),
    podTemplateHash,
    template: { metadata: { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }, spec },
  };
}

function makeContainer(random: Random, name: string, version: string, index: number): Record<string, unknown> {
  const port = 8080 + index * 10 + random.below(9);
  const env: Record<string, unknown>[] = [];
  for (const key of ENV_NAMES) {
    if (random.chance(0.4)) env.push({ name: key, value: `${key.toLowerCase()}-${random.hex(6 + random.below(30))}` });
  }
  if (random.chance(0.3))
    env.push({ name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } });
  if (random.chance(0.3))
    env.push({ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: `${name}-secret`, key: 'password' } } });
  const probe = (path: string): Record<string, unknown> => ({
    ...random.pick<Record<string, unknown>>([
      { httpGet: { path: `${path}/${random.suffix(3)}`, port: random.chance(0.5) ? 'http' : port, scheme: 'HTTP' } },
      { httpGet: { path, port, scheme: 'HTTP', httpHeaders: [{ name: 'X-Probe', value: random.hex(8) }] } },
      { tcpSocket: { port } },
      { exec: { command: ['sh', '-c', `test -f /tmp/${random.suffix(5)}`] } },
      { grpc: { port, service: '' } },
    ]),
    timeoutSeconds: 1 + random.below(5),
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  return {
    name,
    image: `${random.pick(REGISTRIES)}/${name}:${random.chance(0.8) ? version : `sha-${random.hex(12)}`}`,
    ...(random.chance(0.3) ? { args: ['--serve', `--shard=${random.below(64)}`] } : {}),
    ports: [
      { name: 'http', containerPort: port, protocol: 'TCP' },
      ...(random.chance(0.4) ? [{ name: 'metrics', containerPort: 9090 + random.below(9), protocol: 'TCP' }] : []),
    ],
    ...(env.length > 0 ? { env } : {}),
    resources: random.chance(0.85)
      ? {
          limits: { memory: `${128 << random.below(4)}Mi` },
          requests: { cpu: `${50 * (1 + random.below(20))}m`, memory: `${64 << random.below(4)}Mi` },
        }
      : {},
    volumeMounts: [{ name: 'config', readOnly: true, mountPath: '/etc/app' }],
    ...(index < 9 && random.chance(0.7) ? { livenessProbe: probe('/healthz') } : {}),
    ...(index < 9 && random.chance(0.8) ? { readinessProbe: probe('/readyz') } : {}),
    ...(index < 9 && random.chance(0.2) ? { startupProbe: probe('/startup') } : {}),
    ...(random.chance(0.15)
      ? { lifecycle: { preStop: { exec: { command: ['sleep', String(5 + random.below(20))] } } } }
      : {}),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'IfNotPresent',
    ...(random.chance(0.5)
      ? { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
      : {}),
  };
}

function makeVolumes(random: Random, name: string): Record<string, unknown>[] {
  const volumes: Record<string, unknown>[] = [
    { name: 'config', configMap: { name: `${name}-config`, defaultMode: 420 } },
  ];
  if (random.chance(0.4))
    volumes.push({ name: 'tmp', emptyDir: random.chance(0.5) ? {} : { sizeLimit: `${1 + random.below(9)}Gi` } });
  if (random.chance(0.2)) volumes.push({ name: 'data', persistentVolumeClaim: { claimName: `data-${name}` } });
  return volumes;
}

export function uid(random: Random): string {
  return `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-8${random.hex(3)}-${random.hex(12)}`;
}
