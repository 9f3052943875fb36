/**
 * An AdmissionReview without its secrets. Pure. What injection reads stays, so that a replayed review is answered alike: names, labels,
 * images, ports, probes, names of variables, and annotations but for what looks like a secret in them. Values of variables go, except
 * of the meshes' own containers, which an injection reads again.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../../workers/template/value.ts';
import { jsonWithin } from '../diff/list-entries.ts';
import { isSecretName, REDACTED, redactText } from './redact-text.ts';

/** Holds a copy of the whole object, values of variables and all. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** A review that is nested deeper has its rest taken out. */
const MAX_DEPTH = 100;

/** A longer annotation is not entered; together an object's may have 256 KiB. */
const MAX_JSON_LENGTH = 256 * 1024;

/** Prefixes of the meshes' annotations: these are read, so only what is a secret by its form goes. */
const READ_PREFIXES: readonly string[] = [
  ...['istio.io/', 'linkerd.io/', 'meshgate.dev/', 'prometheus.io/', 'k8s.v1.cni.cncf.io/', 'vcluster.loft.sh/'],
];
/** Containers that injection adds and reads again. */
const MESH_CONTAINERS = /^(?:istio-(?:proxy|init|validation)|enable-core-dump|linkerd-.*)$/;
/** Variables of the meshes whose names only look like a secret's. */
const MESH_VARIABLES = /^(?:ISTIO_|PROXY_|PILOT_|CA_|JWT_POLICY|TRUST_DOMAIN|OTEL_|LINKERD2_PROXY_|_)/;
/** Members of Kubernetes' own types whose names only look like a secret's: they hold names, numbers and structures. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set([
  ...['secret', 'secretName', 'secretRef', 'secretKeyRef', 'secretNamespace', 'imagePullSecrets', 'secrets'],
  ...['serviceAccountToken', 'automountServiceAccountToken', 'sessionAffinity', 'tokenExpirationSeconds'],
  ...['nodePublishSecretRef', 'credentialName', 'signatureAlgorithm'],
]);

/** Returns a new review; throws nothing. */
export function redactReview(review: JsonObject): JsonObject {
  const { request, ...rest } = review;
  if (!isJsonObject(request)) return review;
  const { userInfo, ...others } = request;
  const redacted = value(others, 0);
  const withUser = userInfo === undefined ? redacted : { ...(redacted as JsonObject), userInfo: redactUser(userInfo) };
  return { ...rest, request: withUser };
}

/** The object of a request, such as a pod. */
export function redactObject(object: JsonObject): JsonObject {
  return members(object, 0);
}

/** Only the cluster's own users keep their names; nobody keeps extras and groups of an identity provider. */
function redactUser(user: JsonValue): JsonValue {
  if (!isJsonObject(user)) return {};
  const { username, groups } = user;
  const isOwn = (name: JsonValue | undefined): name is string => typeof name === 'string' && name.startsWith('system:');
  return {
    ...(username === undefined ? {} : { username: isOwn(username) ? username : REDACTED }),
    ...(Array.isArray(groups) ? { groups: groups.filter(isOwn) } : {}),
  };
}

function value(from: JsonValue, depth: number): JsonValue {
  if (typeof from === 'string') return redactText(from);
  if (typeof from !== 'object' || from === null) return from;
  if (depth >= MAX_DEPTH) return REDACTED;
  return Array.isArray(from) ? from.map((element) => value(element, depth + 1)) : members(from, depth);
}

function members(from: JsonObject, depth: number): JsonObject {
  return mapMembers(from, (key, member) => memberValue(key, member, from, depth + 1));
}

function memberValue(key: string, member: JsonValue, parent: JsonObject, depth: number): JsonValue {
  switch (key) {
    case 'annotations':
      return isJsonObject(member) ? redactAnnotations(member) : value(member, depth);
    // Selectors compare them byte for byte, and their form leaves little room for a secret.
    case 'labels':
    case 'matchLabels':
      return member;
    case 'env':
      return Array.isArray(member) ? variables(member, parent['name'], depth) : value(member, depth);
    case 'args':
    case 'command':
      return Array.isArray(member) ? commandLine(member) : value(member, depth);
    case 'httpHeaders':
      return Array.isArray(member) ? member.map(header) : value(member, depth);
    default:
      if (PLAIN_MEMBERS.has(key) || !isSecretName(key)) return value(member, depth);
      return typeof member === 'string' ? REDACTED : value(member, depth);
  }
}

/** Also of a namespace. */
export function redactAnnotations(from: JsonObject): JsonObject {
  const { [LAST_APPLIED]: _copy, ...kept } = from;
  return mapMembers(kept, (key, text) => {
    if (typeof text !== 'string') return value(text, 0);
    return !isRead(key) && isSecretName(key) ? REDACTED : annotationText(text);
  });
}

/** Texts of JSON are entered: Istio keeps the containers that a pod had before its injection in one. */
function annotationText(text: string): string {
  const within = text.length <= MAX_JSON_LENGTH ? jsonWithin(text) : undefined;
  if (within === undefined) return redactText(text);
  const redacted = JSON.stringify(value(within, 0));
  return redacted === JSON.stringify(within) ? text : redacted;
}

/** `sidecar.istio.io/inject` has the prefix `istio.io/` as `istio.io/rev` has. */
function isRead(key: string): boolean {
  return READ_PREFIXES.some((prefix) => key.startsWith(prefix) || key.includes(`.${prefix}`));
}

function variables(list: readonly JsonValue[], container: JsonValue | undefined, depth: number): JsonValue {
  const isMesh = typeof container === 'string' && MESH_CONTAINERS.test(container);
  return list.map((variable) => {
    if (!isJsonObject(variable) || typeof variable['value'] !== 'string') return value(variable, depth);
    const { name, value: text } = variable;
    if (text === '') return variable;
    const known = typeof name === 'string' && (MESH_VARIABLES.test(name) || !isSecretName(name));
    return { ...variable, value: isMesh && known ? redactText(text) : REDACTED };
  });
}

/** `--password=…` and `--password …`. */
function commandLine(list: readonly JsonValue[]): JsonValue {
  return list.map((argument, index) => {
    if (typeof argument !== 'string') return argument;
    const flag = list[index - 1];
    const follows = typeof flag === 'string' && /^--?[\w-]+$/.test(flag) && isSecretName(flag);
    return follows && !argument.startsWith('-') ? REDACTED : redactText(argument);
  });
}

function header(from: JsonValue): JsonValue {
  if (!isJsonObject(from)) return from;
  const { name, value: text } = from;
  if (typeof text !== 'string') return from;
  return { ...from, value: typeof name === 'string' && isSecretName(name) ? REDACTED : redactText(text) };
}

function mapMembers(from: JsonObject, map: (key: string, member: JsonValue) => JsonValue): JsonObject {
  // Of entries, so that a member `__proto__` is one like any other.
  return Object.fromEntries(
    Object.entries(from).flatMap(([key, member]) => (member === undefined ? [] : [[key, map(key, member)] as const])),
  );
}
