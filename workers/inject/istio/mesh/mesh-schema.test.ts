import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NEWEST_MINOR } from '../releases.ts';
import { ENUM_SCHEMAS, MESSAGE_SCHEMAS, messageOfType, PROXY_CONFIG } from './mesh-schema.ts';

const OLDEST_MINOR = 20;
const SINCE_FILE = join(import.meta.dirname, '../../../../test/vectors/istio-mesh-schema/since.json');
const SINCE = JSON.parse(readFileSync(SINCE_FILE, 'utf8')) as Readonly<Record<string, number>>;

/** What a member says for itself: it came later than the message or enum that holds it. */
function ownSince(members: readonly string[], member: string): number {
  const minor = SINCE[member] ?? 0;
  const first = Math.min(...members.map((name) => SINCE[name] ?? 0));
  return minor > OLDEST_MINOR && minor > first ? minor : 0;
}

/** Members of the same owner that since.json lists, removed ones included. */
function membersOf(prefix: string): readonly string[] {
  return Object.keys(SINCE).filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('.'));
}

test('the tables agree with the record of releases they were written from', () => {
  let fields = 0;
  for (const schema of MESSAGE_SCHEMAS.values()) {
    if (schema.name.startsWith('google.protobuf.')) continue;
    const members = membersOf(`${schema.name}.`);
    for (const field of schema.fields) {
      const name = `${schema.name}.${field.name}`;
      assert.ok((SINCE[name] ?? NEWEST_MINOR + 1) <= NEWEST_MINOR, `${name} is not in since.json`);
      assert.equal(field.since, ownSince(members, name), name);
      fields++;
    }
  }
  assert.ok(fields > 300);
  for (const schema of ENUM_SCHEMAS.values()) {
    if (schema.name.startsWith('google.protobuf.')) continue;
    const members = membersOf(`${schema.name}:`);
    for (const [value, { since }] of schema.numberOf) {
      assert.equal(since, ownSince(members, `${schema.name}:${value}`), `${schema.name}:${value}`);
    }
  }
});

test('names are unique, so that members of a message can not hide one another', () => {
  for (const schema of MESSAGE_SCHEMAS.values()) {
    const keys = [...schema.fields.map(({ jsonName }) => jsonName), ...schema.oneofs.map(({ goName }) => goName)];
    assert.equal(new Set(keys).size, keys.length, schema.name);
  }
});

test('a message is told by its Go type', () => {
  assert.equal(messageOfType(PROXY_CONFIG.goPointer), PROXY_CONFIG);
  assert.equal(messageOfType({ kind: 'string' }), undefined);
});
