import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS_FILE, errorsReference } from '../build/errors-reference.ts';
import { COMMAND_CODES } from '../gateway/cli/command-error.ts';
import { COMMAND_ERRORS, REQUEST_ERRORS } from '../gateway/errors.ts';
import { PROBLEM_CODES } from '../gateway/gitsync/problem.ts';
import { REASONS } from '../workers/inject/reason.ts';

test('docs/reference/errors.md is what the tables of codes say (refresh it with `node build/errors-reference.ts`)', () => {
  assert.equal(readFileSync(ERRORS_FILE, 'utf8'), errorsReference());
});

test('a code means one thing: no two tables have the same one', () => {
  const codes = [REQUEST_ERRORS, COMMAND_ERRORS, COMMAND_CODES, REASONS, PROBLEM_CODES].flatMap((table) =>
    Object.keys(table),
  );
  assert.deepEqual(
    codes.filter((code, i) => codes.indexOf(code) !== i),
    [],
  );
});
