import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LINT_FILE, lintReference } from '../build/lint-reference.ts';

test('docs/reference/lint.md is what the rules say (refresh it with `node build/lint-reference.ts`)', () => {
  assert.equal(readFileSync(LINT_FILE, 'utf8'), lintReference());
});
