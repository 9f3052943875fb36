/**
 * Istio's rules for the mesh-wide traffic policy and the mesh-wide retries.
 */
import { atoi } from '../strconv.ts';
import type { Checker } from './checker.ts';
import { nanosOf } from './duration.ts';

const NANOS_PER_MILLISECOND = 1_000_000n;
const MAX_PERCENT = 100;
/** Number of ConnectionPoolSettings.HTTPSettings.H2UpgradePolicy UPGRADE. */
const UPGRADE = 2;

/** Checks MeshConfig.DefaultTrafficPolicy. */
export function checkTrafficPolicy(policy: Checker): void {
  const pool = policy.within('connectionPool');
  if (pool !== undefined) checkConnectionPool(pool);
  const outliers = policy.within('outlierDetection');
  if (outliers !== undefined) checkOutliers(outliers);
}

function checkConnectionPool(pool: Checker): void {
  const http = pool.within('http');
  const tcp = pool.within('tcp');
  if (http === undefined && tcp === undefined) pool.report('', 'needs http or tcp');
  if (http !== undefined) checkHttp(http);
  if (tcp !== undefined) checkTcp(tcp);
}

function checkHttp(http: Checker): void {
  const limits = [
    'http1MaxPendingRequests',
    'http2MaxRequests',
    'maxRequestsPerConnection',
    'maxRetries',
    'maxConcurrentStreams',
  ];
  for (const member of limits) requireNotNegative(http, member);
  http.checkDuration('idleTimeout');
  if (http.number('h2UpgradePolicy') === UPGRADE && http.flag('useClientProtocol')) {
    http.report('useClientProtocol', 'must not be true where h2UpgradePolicy is UPGRADE');
  }
}

function checkTcp(tcp: Checker): void {
  requireNotNegative(tcp, 'maxConnections');
  tcp.checkDuration('connectTimeout');
  tcp.checkDuration('maxConnectionDuration');
  // Less than a millisecond switches the timeout off.
  if (nanosOf(tcp.duration('idleTimeout')) / NANOS_PER_MILLISECOND !== 0n) tcp.checkDuration('idleTimeout');
  const keepalive = tcp.within('tcpKeepalive');
  keepalive?.checkDuration('time');
  keepalive?.checkDuration('interval');
}

function checkOutliers(outliers: Checker): void {
  outliers.checkDuration('baseEjectionTime');
  outliers.checkDuration('interval');
  const localFailures = Number(outliers.wrapped('consecutiveLocalOriginFailures') ?? 0);
  if (localFailures > 0 && !outliers.flag('splitExternalLocalOriginErrors')) {
    outliers.report('consecutiveLocalOriginFailures', 'needs splitExternalLocalOriginErrors');
  }
  for (const member of ['maxEjectionPercent', 'minHealthPercent']) {
    const percent = outliers.number(member);
    if (percent < 0 || percent > MAX_PERCENT) outliers.report(member, `must be from 0 to ${MAX_PERCENT}`);
  }
}

function requireNotNegative(checker: Checker, member: string): void {
  if (checker.number(member) < 0) checker.report(member, 'must not be negative');
}

const RETRY_CONDITIONS: ReadonlySet<string> = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

/** Status codes that Go's net/http has a text for, as ranges. */
const KNOWN_STATUS_CODES: readonly (readonly [number, number])[] = [
  [100, 103],
  [200, 208],
  [226, 226],
  [300, 305],
  [307, 308],
  [400, 418],
  [421, 426],
  [428, 429],
  [431, 431],
  [451, 451],
  [500, 508],
  [510, 511],
];

function isRetryCondition(text: string): boolean {
  const code = atoi(text);
  if (code !== undefined && KNOWN_STATUS_CODES.some(([low, high]) => code >= low && code <= high)) return true;
  return RETRY_CONDITIONS.has(text);
}

/** Checks MeshConfig.defaultInboundHttpRetryPolicy. */
export function checkInboundRetries(retries: Checker): void {
  requireNotNegative(retries, 'attempts');
  const retryOn = retries.text('retryOn');
  if (retries.number('attempts') === 0) {
    const settings = [
      retries.duration('perTryTimeout'),
      retries.wrapped('retryRemoteLocalities'),
      retries.duration('backoff'),
    ];
    if (retryOn !== '' || settings.some((setting) => setting !== undefined)) {
      retries.report('attempts', 'must not be 0 where the retries are configured');
    }
  }
  retries.checkDuration('perTryTimeout');
  retries.checkDuration('backoff');
  if (retryOn === '') return;
  for (const condition of retryOn.split(',')) {
    if (!isRetryCondition(condition)) retries.report('retryOn', `${JSON.stringify(condition)} is no retry condition`);
  }
}
