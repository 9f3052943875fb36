/** Reads one file's policy documents, each checked against its schema. The result depends on the text alone, so it can be kept by blob. */

import type { JsonObject } from '../../workers/template/value.ts';
import type { Problem } from '../snapshot.ts';
import {
  ADMISSION_KINDS,
  ADMISSION_VERSION,
  API_GROUP,
  API_VERSION,
  KIND_SCHEMAS,
  type Kind,
  type SpecOfKind,
} from './kinds.ts';
import { suggestion } from './nearest.ts';
import { parseDocumentsAside } from './parsing.ts';
import { type Position, type ProblemCode, problem } from './problem.ts';
import type { SchemaCheck } from './schema-check.ts';
import { type FieldPath, isMapping, type YamlDocument } from './yaml-document.ts';

/** A document that has passed its schema. */
export type PolicyDocument = { [K in Kind]: PolicyDocumentOf<K> }[Kind];

export interface PolicyDocumentOf<K extends Kind> {
  readonly kind: K;
  readonly name: string;
  readonly spec: SpecOfKind[K];
  readonly source: YamlDocument;
}

/** A problem whose file is not known yet: the same text may stand in several. */
export interface TextProblem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly position: Position;
}

/** A document that is known by name but is wrong in itself: it is there, so nothing that refers to it dangles. */
export interface BrokenDocument {
  readonly kind: Kind;
  readonly name: string;
  /** A MeshRevision's mesh; empty for other kinds. */
  readonly mesh: string;
}

export interface PolicyFile {
  readonly documents: readonly PolicyDocument[];
  readonly broken: readonly BrokenDocument[];
  readonly problems: readonly TextProblem[];
  /** Whether every document could be told apart; false where the YAML itself is wrong. */
  readonly complete: boolean;
}

/** Files that may hold policy documents, by their name's end. */
export function isPolicyFileName(path: string): boolean {
  return path.endsWith('.yaml') || path.endsWith('.yml');
}

/** A document of our group, in block or flow style; other YAML, templates of charts among it, is not even parsed. */
const OUR_API_VERSION =
  /(?:^|[\s{,])["']?(?:apiVersion["']?\s*:\s*["']?meshgate\.dev\/|kind["']?\s*:\s*["']?(?:Validating|Mutating)AdmissionPolicy)/;

/** @param maxBytes of a file with documents of ours; other YAML may be as large as it likes. */
export async function parsePolicyFile(
  text: string,
  check: SchemaCheck,
  maxBytes: number,
  signal: AbortSignal,
): Promise<PolicyFile> {
  if (!OUR_API_VERSION.test(text)) return NOT_OURS;
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    const message = `a file with policy documents has ${bytes} bytes; the limit is ${maxBytes}: split it`;
    const problems = [{ code: 'FILE_TOO_LARGE', message, position: { line: 1, column: 1 } }] as const;
    return { documents: [], broken: [], problems, complete: false };
  }
  const { documents: parsed, problems: faults } = await parseDocumentsAside(text, signal);
  const documents: PolicyDocument[] = [];
  const broken: BrokenDocument[] = [];
  const problems: TextProblem[] = [...faults];
  for (const document of parsed) {
    const read = readDocument(document, check);
    if (read === null) continue;
    if ('problems' in read) {
      problems.push(...read.problems);
      const identity = identityOf(document.value);
      if (identity !== null) broken.push(identity);
    } else {
      documents.push(read);
    }
  }
  return { documents, broken, problems, complete: faults.length === 0 };
}

const NOT_OURS: PolicyFile = { documents: [], broken: [], problems: [], complete: true };

/** Kind and name of a document whose schema did not accept it, where they can be told. */
function identityOf(value: unknown): BrokenDocument | null {
  const kind = memberOf(value, 'kind');
  const name = memberOf(memberOf(value, 'metadata'), 'name');
  if (typeof kind !== 'string' || !isKind(kind) || typeof name !== 'string') return null;
  const mesh = kind === 'MeshRevision' ? memberOf(memberOf(value, 'spec'), 'mesh') : '';
  return { kind, name, mesh: typeof mesh === 'string' ? mesh : '' };
}

function memberOf(value: unknown, name: string): unknown {
  return isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Null for a document of somebody else's. */
function readDocument(document: YamlDocument, check: SchemaCheck): PolicyDocument | { problems: TextProblem[] } | null {
  const { value } = document;
  if (!isMapping(value)) return null;
  const apiVersion = memberOf(value, 'apiVersion');
  if (typeof apiVersion !== 'string') return null;
  if (apiVersion.startsWith('admissionregistration.k8s.io/')) return readAdmissionDocument(document, value, check);
  if (!apiVersion.startsWith(`${API_GROUP}/`)) return null;
  const fault = (code: ProblemCode, message: string, path: FieldPath) => ({
    problems: [{ code, message, position: document.locate(path) }],
  });
  if (apiVersion !== API_VERSION) {
    return fault(
      'VERSION_UNKNOWN',
      `unknown version ${JSON.stringify(apiVersion)}: this gateway reads ${API_VERSION}`,
      ['apiVersion'],
    );
  }
  const kind = memberOf(value, 'kind');
  if (typeof kind !== 'string') return fault('DOCUMENT_INVALID', 'the document has no kind', ['kind']);
  if (!isKind(kind) || ADMISSION_KINDS.has(kind)) {
    const known = Object.keys(KIND_SCHEMAS).filter((each) => !ADMISSION_KINDS.has(each));
    const hint = suggestion(kind, known) || `; there are ${known.join(', ')}`;
    return fault('KIND_UNKNOWN', `unknown kind ${JSON.stringify(kind)}${hint}`, ['kind']);
  }
  return checked(document, kind, value, check);
}

/** A policy of Kubernetes' own; null for its other kinds, which are not ours to read. */
function readAdmissionDocument(
  document: YamlDocument,
  value: JsonObject,
  check: SchemaCheck,
): PolicyDocument | { problems: TextProblem[] } | null {
  const kind = memberOf(value, 'kind');
  if (typeof kind !== 'string') return null;
  const position = document.locate(['kind']);
  if (kind.startsWith('MutatingAdmissionPolicy')) {
    const message = `${kind} is not supported: write its mutations as a PodPolicy`;
    return { problems: [{ code: 'POLICY_KIND_UNSUPPORTED', message, position }] };
  }
  if (!isKind(kind) || !ADMISSION_KINDS.has(kind)) return null;
  const version = memberOf(value, 'apiVersion');
  if (version !== ADMISSION_VERSION) {
    const message = `${kind} is read in version ${ADMISSION_VERSION}, not ${String(version)}`;
    return { problems: [{ code: 'VERSION_UNKNOWN', message, position: document.locate(['apiVersion']) }] };
  }
  return checked(document, kind, value, check);
}

function checked(
  document: YamlDocument,
  kind: Kind,
  value: JsonObject,
  check: SchemaCheck,
): PolicyDocument | { problems: TextProblem[] } {
  const problems = check(kind, value).map(({ code, message, path, part }) => ({
    code,
    message,
    position: document.locate(path, part),
  }));
  if (problems.length > 0) return { problems };
  // What the schema has just proved.
  const { metadata, spec } = value as unknown as { metadata: { name: string }; spec: never };
  return { kind, name: metadata.name, spec, source: document };
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(KIND_SCHEMAS, kind);
}

/** A field's problem, where its document stands. */
export function fieldProblem(
  code: ProblemCode,
  file: string,
  document: PolicyDocument,
  path: FieldPath,
  message: string,
  part: 'key' | 'value' = 'value',
): Problem {
  return problem(code, file, message, document.source.locate(path, part));
}
