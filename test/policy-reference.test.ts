/** The schemas of policy files: fit for editors, and told by docs/reference/policy-files.md as they are. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { policyReference, REFERENCE_FILE } from '../build/policy-reference.ts';

const folder = join(import.meta.dirname, '..', 'policies', 'schema');

it('docs/reference/policy-files.md is what the schemas say (node build/policy-reference.ts writes it)', () => {
  assert.equal(readFileSync(REFERENCE_FILE, 'utf8'), policyReference());
});

describe('schemas', () => {
  for (const name of readdirSync(folder)) {
    const schema: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));

    it(`${name} describes every field`, () => {
      const missing: string[] = [];
      eachSchema(schema, (path, each) => {
        if (path.endsWith('{}') || path.endsWith('[]') || path === '') return;
        if (typeof each['description'] !== 'string') missing.push(path);
      });
      assert.deepEqual(missing, []);
    });

    it(`${name} refuses unknown fields everywhere, but in what is somebody else's`, () => {
      const open: string[] = [];
      eachSchema(schema, (path, each) => {
        if (each['type'] === 'object' && each['additionalProperties'] === undefined) open.push(path);
      });
      // A test's pod is Kubernetes' to define.
      assert.deepEqual(open, name.startsWith('injection-test') ? ['spec.pod', 'spec.expect.pod'] : []);
    });
  }
});

function eachSchema(
  value: unknown,
  visit: (path: string, schema: Readonly<Record<string, unknown>>) => void,
  path = '',
): void {
  if (typeof value !== 'object' || value === null) return;
  const schema = value as Readonly<Record<string, unknown>>;
  visit(path, schema);
  for (const [name, field] of Object.entries((schema['properties'] ?? {}) as object)) {
    eachSchema(field, visit, path === '' ? name : `${path}.${name}`);
  }
  for (const [name, field] of Object.entries((schema['definitions'] ?? {}) as object))
    eachSchema(field, visit, `#${name}`);
  if (schema['items'] !== undefined) eachSchema(schema['items'], visit, `${path}[]`);
  if (typeof schema['additionalProperties'] === 'object')
    eachSchema(schema['additionalProperties'], visit, `${path}{}`);
}
