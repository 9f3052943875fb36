/**
 * Metrics merging: the pod's own scrape annotations move into an environment variable of the proxy, and new ones point
 * Prometheus at the agent, which serves the proxy's and the application's metrics together.
 *
 * Annotations are found as Prometheus finds them, by sanitised name: `prometheus.io/port` and `prometheus_io_port` are one.
 * Where a pod has several spellings Istio picks one at random; here the usual spelling wins, then the first in order.
 */
import { setMember } from '../../merge/member.ts';
import { marshalGoJson } from '../../template/gojson.ts';
import { Denial } from '../reason.ts';
import type { Features } from './features.ts';
import { ENV_SCRAPING, ENV_SECURE_METRICS, MERGE_METRICS } from './names.ts';
import { type Container, type StringMap, stringAt } from './pod.ts';
import { atoi, parseBool, trimSpace } from './strconv.ts';

const SCRAPE = 'prometheus_io_scrape';
const PORT = 'prometheus_io_port';
const PATH = 'prometheus_io_path';
const TARGETS = 'prometheus_istio_io_scrape_targets';
const SECURE_PORT = 'prometheus_istio_io_secure_port';

const USUAL_SPELLING: ReadonlyMap<string, string> = new Map([
  [SCRAPE, 'prometheus.io/scrape'],
  [PORT, 'prometheus.io/port'],
  [PATH, 'prometheus.io/path'],
  [TARGETS, 'prometheus.istio.io/scrape-targets'],
  [SECURE_PORT, 'prometheus.istio.io/secure-port'],
]);

export const MERGED_PATH = '/stats/prometheus';
const DEFAULT_TARGET_PATH = '/metrics';

/** Ports of the proxy itself, and what they serve. */
const RESERVED_PORTS: ReadonlyMap<number, string> = new Map([
  [15000, 'Envoy admin'],
  [15001, 'outbound traffic'],
  [15004, 'debug interface'],
  [15006, 'inbound traffic'],
  [15008, 'HBONE tunnel'],
  [15020, 'the agent and its merged metrics'],
  [15021, 'health'],
  [15053, 'DNS proxy'],
  [15090, "Envoy's own metrics"],
]);

interface Target {
  readonly port: string;
  readonly path: string;
}

/** The scrape annotations of a pod by sanitised name: the value that counts, and all spellings that are there. */
interface Found {
  readonly value: string;
  readonly spellings: readonly string[];
}

const PREFIX = 'prometheus';
const LONGEST = Math.max(...[...USUAL_SPELLING.keys()].map((name) => name.length));
const NOT_LABEL = /[^a-zA-Z0-9_]/gu;

/** The sanitised name, where it is one of those looked for. */
function sanitised(key: string): string | undefined {
  // A character beyond the basic plane is one underscore but two units.
  if (!key.startsWith(PREFIX) || key.length > 2 * LONGEST) return undefined;
  const name = key.replace(NOT_LABEL, '_');
  return USUAL_SPELLING.has(name) ? name : undefined;
}

/** Null where there are none, as in most pods. */
function spellingsOf(annotations: StringMap): ReadonlyMap<string, string[]> | null {
  let found: Map<string, string[]> | null = null;
  for (const key of Object.keys(annotations)) {
    const name = sanitised(key);
    if (name === undefined) continue;
    found ??= new Map();
    const spellings = found.get(name);
    if (spellings === undefined) found.set(name, [key]);
    else spellings.push(key);
  }
  return found;
}

const NONE_FOUND: ReadonlyMap<string, Found> = new Map();

function findAnnotations(annotations: StringMap): ReadonlyMap<string, Found> {
  const spelled = spellingsOf(annotations);
  if (spelled === null) return NONE_FOUND;
  const found = new Map<string, Found>();
  for (const [name, spellings] of spelled) {
    const usual = USUAL_SPELLING.get(name);
    const chosen = usual !== undefined && spellings.includes(usual) ? usual : spellings.sort()[0];
    found.set(name, { value: annotations[chosen ?? ''] ?? '', spellings });
  }
  return found;
}

/** Without the annotations that the agent's replace. */
function without(annotations: StringMap, found: ReadonlyMap<string, Found>, features: Features): StringMap {
  if (found.size === 0) return annotations;
  const gone = new Set<string>();
  for (const [name, { spellings }] of found) {
    if (name === SECURE_PORT || (name === TARGETS && !features.scrapeTargets)) continue;
    for (const key of spellings) gone.add(key);
  }
  if (gone.size === 0) return annotations;
  const kept: StringMap = {};
  for (const key of Object.keys(annotations)) {
    if (!gone.has(key)) setMember(kept, key, annotations[key] as string);
  }
  return kept;
}

/** Only an explicit "no" turns merging off; what does not parse counts as yes. */
function wantsScrape(annotations: StringMap, found: ReadonlyMap<string, Found>): boolean {
  const { value, spellings } = found.get(SCRAPE) ?? { value: '', spellings: [] };
  // The value that counts comes first, then any other that reads.
  const first = parseBool(value);
  if (first !== undefined) return first;
  for (const key of spellings) {
    const wish = parseBool(annotations[key] ?? '');
    if (wish !== undefined) return wish;
  }
  return true;
}

/** `port[:path]`, comma-separated; an entry without a port makes the whole annotation count for nothing. */
function parseTargets(text: string): readonly Target[] {
  const targets: Target[] = [];
  for (const part of text.split(',')) {
    const entry = trimSpace(part);
    if (entry === '') continue;
    const colon = entry.indexOf(':');
    const port = trimSpace(colon < 0 ? entry : entry.slice(0, colon));
    if (port === '') return [];
    targets.push({ port, path: (colon < 0 ? '' : trimSpace(entry.slice(colon + 1))) || DEFAULT_TARGET_PATH });
  }
  return targets;
}

/** Throws Denial SCRAPE_PORT_INVALID for a port that is none, is the agent's own, or is one of the proxy's. */
function checkPort(port: string, statusPort: number, what: string): void {
  const number = atoi(port);
  if (number === undefined || number < 1 || number > 65535) {
    throw new Denial('SCRAPE_PORT_INVALID', `${what} ${JSON.stringify(port)} is not a port`);
  }
  if (number === statusPort) {
    throw new Denial('SCRAPE_PORT_INVALID', `${what} ${port} is the agent's own port`);
  }
  const purpose = RESERVED_PORTS.get(number);
  if (purpose !== undefined) {
    throw new Denial('SCRAPE_PORT_INVALID', `${what} ${port} is reserved for Istio (${purpose})`);
  }
}

export interface Scraping {
  readonly annotations: StringMap;
  /** The proxy, when there is one, with what the agent has to scrape. */
  readonly proxy: Container | undefined;
}

/** The mesh's part: whether merging is on where the pod does not say, and the agent's port. */
export interface MetricsMerge {
  readonly enabled: boolean;
  readonly statusPort: number;
}

/** Moves the scrape annotations. Throws Denial SCRAPE_PORT_INVALID. */
export function mergeScraping(
  annotations: StringMap,
  proxy: Container | undefined,
  mesh: MetricsMerge,
  features: Features,
): Scraping {
  const found = findAnnotations(annotations);
  const unchanged: Scraping = { annotations, proxy };
  const wish = parseBool(stringAt(annotations, MERGE_METRICS) ?? '');
  if (!wantsScrape(annotations, found) || !(wish ?? mesh.enabled)) return unchanged;
  const statusPort = String(mesh.statusPort);
  // Already pointing at the agent: the pod's author has taken this into their own hands.
  if (found.get(PORT)?.value === statusPort) return unchanged;

  const scrape = found.get(SCRAPE)?.value ?? '';
  let port = found.get(PORT)?.value ?? '';
  let path = found.get(PATH)?.value ?? '';
  const targets = features.scrapeTargets ? parseTargets(found.get(TARGETS)?.value ?? '') : [];
  const [first] = targets;
  if (first !== undefined) {
    // An agent that does not know of targets scrapes the first.
    ({ port, path } = first);
    for (const target of targets) checkPort(target.port, mesh.statusPort, 'scrape target');
  } else if (features.scrapeTargets && port !== '') {
    checkPort(port, mesh.statusPort, 'scrape port');
  }
  return {
    annotations: {
      ...without(annotations, found, features),
      'prometheus.io/port': statusPort,
      'prometheus.io/path': MERGED_PATH,
      'prometheus.io/scrape': 'true',
    },
    proxy: scrape === '' && port === '' && path === '' ? proxy : withScraping(proxy, scrape, path, port, targets),
  };
}

function withScraping(
  proxy: Container | undefined,
  scrape: string,
  path: string,
  port: string,
  targets: readonly Target[],
): Container | undefined {
  if (proxy === undefined) return undefined;
  const list = targets.map((target) => `{"port":${marshalGoJson(target.port)},"path":${marshalGoJson(target.path)}}`);
  const value = `{"scrape":${marshalGoJson(scrape)},"path":${marshalGoJson(path)},"port":${marshalGoJson(port)}${list.length > 0 ? `,"targets":[${list.join(',')}]` : ''}}`;
  return { ...proxy, env: [...(proxy.env ?? []), { name: ENV_SCRAPING, value }] };
}

/** For the template's view of a pod that was injected before: scrape annotations that point at the agent were not the user's. */
export function withoutMergedScraping(annotations: StringMap, statusPort: number, features: Features): StringMap {
  const found = findAnnotations(annotations);
  return found.get(PORT)?.value === String(statusPort) ? without(annotations, found, features) : annotations;
}

/** Tells Prometheus the port of the merged metrics behind mTLS, unless the pod already says one. */
export function withSecurePort(annotations: StringMap, proxy: Container | undefined): StringMap {
  const variable = proxy?.env?.find(({ name, value }) => name === ENV_SECURE_METRICS && value && value !== '0');
  if (variable?.value === undefined || findAnnotations(annotations).has(SECURE_PORT)) return annotations;
  return { ...annotations, 'prometheus.istio.io/secure-port': variable.value };
}

/**
 * The scrape annotations as they were before merging, told from the proxy's environment variable. Annotations that do not
 * point at the agent are the user's and stay.
 */
export function restoreScraping(
  annotations: StringMap,
  variable: string | undefined,
  statusPort: number,
  features: Features,
): StringMap {
  const found = findAnnotations(annotations);
  if (found.get(PORT)?.value !== String(statusPort) || found.get(PATH)?.value !== MERGED_PATH) return annotations;
  return { ...without(annotations, found, features), ...savedScraping(variable) };
}

function savedScraping(variable: string | undefined): StringMap {
  const saved = parseSaved(variable);
  const restored: StringMap = {};
  const targets = Array.isArray(saved['targets']) ? saved['targets'] : [];
  const { scrape } = saved;
  if (typeof scrape === 'string' && scrape !== '') restored['prometheus.io/scrape'] = scrape;
  if (targets.length > 0) {
    const texts = targets.map((target) => `${textOf(target, 'port')}:${textOf(target, 'path')}`);
    restored['prometheus.istio.io/scrape-targets'] = texts.join(',');
    return restored;
  }
  for (const member of ['path', 'port']) {
    const value = textOf(saved, member);
    if (value !== '') restored[`prometheus.io/${member}`] = value;
  }
  return restored;
}

function parseSaved(variable: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(variable ?? '{}');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(object: unknown, member: string): string {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, member)) return '';
  const value = (object as Record<string, unknown>)[member];
  return typeof value === 'string' ? value : '';
}
