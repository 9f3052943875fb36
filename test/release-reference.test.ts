/** docs/reference/releases.md tells the tables of releases as they are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { REFERENCE_FILE, releaseReference } from '../build/release-reference.ts';

it('docs/reference/releases.md is what the tables say (node build/release-reference.ts writes it)', () => {
  assert.equal(readFileSync(REFERENCE_FILE, 'utf8'), releaseReference());
});
