import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../template/value.ts';
import { applyPatch } from './apply.ts';
import type { Operation } from './operation.ts';
import { KNOWN_OPERATIONS, PART_LIMIT, PatchProver, PROVE_EVERY } from './prover.ts';

/** Proves by applying, and counts. */
class Counted {
  readonly prover = new PatchProver();
  proofs = 0;

  prove(document: JsonObject, patch: readonly Operation[]): boolean {
    return this.prover.prove(document, patch, () => {
      this.proofs += 1;
      try {
        applyPatch(document, patch);
        return true;
      } catch {
        return false;
      }
    });
  }
}

const pod = (annotations: JsonObject | null, containers: number, volumes: number | null): JsonObject => ({
  metadata: annotations === null ? {} : { annotations },
  spec: {
    containers: Array.from({ length: containers }, (_, index) => ({ name: `c${index}` })),
    ...(volumes === null ? {} : { volumes: Array.from({ length: volumes }, (_, index) => ({ name: `v${index}` })) }),
  },
});

const add = (path: string): Operation => ({ op: 'add', path, value: {} });

test('a patch that differs in names and values alone is not proved again', () => {
  const counted = new Counted();
  assert.ok(counted.prove(pod({}, 1, 0), [add('/metadata/annotations/a'), add('/spec/volumes/-')]));
  assert.ok(counted.prove(pod({ x: 'y' }, 1, 0), [add('/metadata/annotations/b'), add('/spec/volumes/-')]));
  assert.equal(counted.proofs, 1);
});

test('a patch of a known shape is proved once in a while', () => {
  const counted = new Counted();
  for (let i = 0; i < 2 * PROVE_EVERY + 1; i++) counted.prove(pod({}, 1, 0), [add(`/metadata/annotations/a${i}`)]);
  assert.equal(counted.proofs, 3);
});

test('a patch that was refused is refused again', () => {
  const counted = new Counted();
  for (let i = 0; i < 3; i++) assert.equal(counted.prove(pod(null, 1, 0), [add('/metadata/annotations/a')]), false);
  assert.equal(counted.proofs, 3);
});

/** Operations as injection makes them, right or wrong for the pod that they are given. */
const operation = fc.constantFrom(
  add('/metadata/annotations'),
  add('/metadata/annotations/a'),
  add('/metadata/annotations/a~1b'),
  add('/metadata/labels/a'),
  add('/spec/volumes'),
  add('/spec/volumes/-'),
  add('/spec/volumes/1'),
  add('/spec/containers/0'),
  add('/spec/containers/2'),
  add('/spec/initContainers/0'),
  add('/spec/initContainers'),
  { op: 'remove', path: '/spec/containers/0' } as const,
  { op: 'remove', path: '/spec/volumes/1' } as const,
);
const document = fc
  .tuple(fc.constantFrom(null, {}), fc.integer({ min: 0, max: 3 }), fc.constantFrom(null, 0, 1, 2))
  .map(([annotations, containers, volumes]) => pod(annotations, containers, volumes));

test('whatever was proved before, a patch that does not apply to a pod is not let through', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(document, fc.array(operation, { maxLength: 5 })), { maxLength: 40 }), (history) => {
      const counted = new Counted();
      for (const [before, patch] of history) {
        const applies = new Counted().prove(before, patch);
        assert.equal(counted.prove(before, patch), applies, JSON.stringify(patch));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('what is remembered has a limit, and patches of very many operations are always proved', () => {
  const counted = new Counted();
  const many = Array.from({ length: KNOWN_OPERATIONS + 1 }, (_, index) => add(`/metadata/annotations/${index}`));
  counted.prove(pod({}, 1, 0), many);
  counted.prove(pod({}, 1, 0), many);
  assert.equal(counted.proofs, 2);

  const first = [add('/metadata/annotations/a')];
  counted.prove(pod({}, 1, 0), first);
  for (let i = 0; i < PART_LIMIT; i++) counted.prove(pod({}, 1, 0), [add(`/spec/containers/0/x${i}`)]);
  const before = counted.proofs;
  counted.prove(pod({}, 1, 0), first);
  assert.equal(counted.proofs, before + 1);
});
