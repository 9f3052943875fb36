/** Checks documents against their kind's JSON Schema, in words for people and with the path of each field that is wrong. */
import { Ajv, type DefinedError, type ErrorObject, type ValidateFunction } from 'ajv';
import { KIND_SCHEMAS, type Kind } from './kinds.ts';
import { suggestion } from './nearest.ts';
import type { ProblemCode } from './problem.ts';
import type { FieldPath } from './yaml-document.ts';

export interface SchemaProblem {
  readonly code: Extract<ProblemCode, 'FIELD_UNKNOWN' | 'FIELD_MISSING' | 'FIELD_INVALID'>;
  readonly message: string;
  readonly path: FieldPath;
  /** Whether the field's key is what to point at, not its value. */
  readonly part: 'key' | 'value';
}

export type SchemaCheck = (kind: Kind, value: unknown) => readonly SchemaProblem[];

/** A schema is compiled when a document of its kind comes: that takes up to a tenth of a second, and no source has all kinds. */
export function createSchemaCheck(): SchemaCheck {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    // Makes faster code in twice the time; policy files are few.
    code: { optimize: false },
  });
  ajv.addKeyword('patternErrorMessage');
  const validators = new Map<Kind, ValidateFunction>();
  return (kind, value) => {
    const validate = validators.get(kind) ?? ajv.compile(KIND_SCHEMAS[kind]);
    validators.set(kind, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).filter(isTelling).map((error) => describe(error as DefinedError));
  };
}

/** The branches of a failed oneOf each say that they do not match; only the whole says what to do. */
function isTelling(error: ErrorObject): boolean {
  return !/\/oneOf\/\d/.test(error.schemaPath) && error.keyword !== 'propertyNames';
}

function describe(error: DefinedError): SchemaProblem {
  const path = pathOf(error);
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = error.params.additionalProperty;
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
      const message = `unknown field ${JSON.stringify(name)}${suggestion(name, known) || knownFields(known)}`;
      return { code: 'FIELD_UNKNOWN', message, path: [...path, name], part: 'key' };
    }
    case 'required':
      return {
        code: 'FIELD_MISSING',
        message: `${fieldName(path)}lacks the field ${JSON.stringify(error.params.missingProperty)}`,
        path,
        part: 'key',
      };
    case 'oneOf':
      return { code: 'FIELD_INVALID', message: `${fieldName(path)}${describeOneOf(error)}`, path, part: 'key' };
    case 'uniqueItems':
      return invalid([...path, error.params.i], path, `repeats the item ${error.params.j}`);
    default:
      return { ...invalid(path, path, describeValue(error)), part: error.propertyName === undefined ? 'value' : 'key' };
  }
}

function invalid(at: FieldPath, named: FieldPath, what: string): SchemaProblem {
  return { code: 'FIELD_INVALID', message: `${fieldName(named)}${what}`, path: at, part: 'value' };
}

function describeValue(error: DefinedError): string {
  switch (error.keyword) {
    case 'type':
      return describeType(error.params.type as string, error.data);
    case 'enum': {
      const allowed = (error.params.allowedValues as unknown[]).map(String);
      const hint = typeof error.data === 'string' ? suggestion(error.data, allowed) : '';
      return `must be one of ${allowed.join(', ')}, not ${shown(error.data)}${hint}`;
    }
    case 'pattern': {
      const own = error.parentSchema?.['patternErrorMessage'];
      const name = error.propertyName === undefined ? '' : `has the name ${shown(error.propertyName)}, which `;
      return `${name}${typeof own === 'string' ? own : `must match ${error.params.pattern}`}${name === '' ? `, not ${shown(error.data)}` : ''}`;
    }
    case 'maxLength':
      return `is longer than ${error.params.limit} characters`;
    case 'minLength':
      return 'must not be empty';
    case 'maxItems':
      return `has more than ${error.params.limit} items`;
    case 'const':
      return `must be ${shown(error.params.allowedValue)}, not ${shown(error.data)}`;
    default:
      return error.message ?? 'is not valid';
  }
}

function describeType(expected: string, data: unknown): string {
  const article = expected === 'object' ? 'a mapping' : expected === 'array' ? 'a list' : `a ${expected}`;
  const scalar = typeof data === 'number' || typeof data === 'boolean';
  const hint = expected === 'string' && scalar ? `: write it in quotes, "${String(data)}"` : '';
  return `must be ${article}, not ${typeName(data)}${hint}`;
}

function describeOneOf(error: DefinedError): string {
  const branches = (error.schema as readonly { readonly required?: readonly string[] }[]).flatMap(
    (each) => each.required ?? [],
  );
  const present = branches.filter(
    (name) => typeof error.data === 'object' && error.data !== null && Object.hasOwn(error.data, name),
  );
  const found = present.length === 0 ? 'has none of them' : `has ${present.join(' and ')}`;
  return `must have exactly one of ${branches.join(', ')}, and ${found}`;
}

function typeName(data: unknown): string {
  if (data === null) return 'null (is its value missing?)';
  if (Array.isArray(data)) return 'a list';
  return typeof data === 'object' ? 'a mapping' : `the ${typeof data} ${shown(data)}`;
}

function shown(data: unknown): string {
  const text = JSON.stringify(data) ?? String(data);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function knownFields(known: readonly string[]): string {
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`;
}

/** `spec.tags ` as the subject of a sentence; nothing for the document itself. */
function fieldName(path: FieldPath): string {
  if (path.length === 0) return 'the document ';
  return `${path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('')} `;
}

/** A JSON pointer as a path; numbers are kept as text where the schema does not tell, which reading positions allows for. */
function pathOf(error: ErrorObject): (string | number)[] {
  if (error.instancePath === '') return error.propertyName === undefined ? [] : [error.propertyName];
  const parts: (string | number)[] = error.instancePath
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^(?:0|[1-9][0-9]*)$/.test(part) ? Number(part) : part));
  return error.propertyName === undefined ? parts : [...parts, error.propertyName];
}
