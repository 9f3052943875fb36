import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CLI_NOTES } from '../build/cli-notes.ts';
import { CLI_FILE, cliReference } from '../build/cli-reference.ts';

test('docs/reference/cli.md is what the commands say (refresh it with `node build/cli-reference.ts`)', () => {
  assert.equal(readFileSync(CLI_FILE, 'utf8'), cliReference());
});

test('every command is described with its options, and every note belongs to one', () => {
  const reference = cliReference();
  for (const command of ['serve', 'start', 'validate', 'inject', 'uninject', 'explain', 'import istio']) {
    assert.match(reference, new RegExp(`^## meshgate ${command}$`, 'm'));
  }
  for (const command of Object.keys(CLI_NOTES)) assert.match(reference, new RegExp(`^## meshgate ${command}\\b`, 'm'));
  assert.equal(reference.includes('undefined'), false);
});
