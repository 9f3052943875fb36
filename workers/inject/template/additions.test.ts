import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { strategicMergePatch } from '../../merge/strategic-merge.ts';
import type { JsonObject } from '../../template/value.ts';
import { noteAdditions, readNote, withoutAdditions } from './additions.ts';

const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'toString');
const text = fc.constantFrom('x', 'y', 'z');
const labels = fc.dictionary(name, text, { maxKeys: 3 });
const mounts = fc.uniqueArray(fc.record({ mountPath: text, name: text }), {
  selector: ({ mountPath }) => mountPath,
  maxLength: 2,
});
const env = fc.uniqueArray(fc.record({ name: text, value: text }), { selector: (each) => each.name, maxLength: 3 });
const ports = fc.array(
  fc.record({ containerPort: fc.integer({ min: 1, max: 3 }), protocol: fc.constantFrom('TCP', 'UDP') }),
  { maxLength: 3 },
);
const container = fc.record(
  { name: text, image: text, env, volumeMounts: mounts, ports, args: fc.array(text, { maxLength: 2 }) },
  { requiredKeys: ['name'] },
);
const containers = fc.uniqueArray(container, { selector: (each) => each.name, maxLength: 3 });
const pod = fc.record(
  {
    metadata: fc.record({ labels, annotations: labels }, { requiredKeys: [] }),
    spec: fc.record(
      {
        containers,
        initContainers: containers,
        nodeSelector: labels,
        dnsPolicy: text,
        tolerations: fc.array(fc.record({ key: text }), { maxLength: 2 }),
        securityContext: fc.record(
          { runAsUser: fc.integer({ min: 0, max: 3 }), seLinuxOptions: fc.record({ level: text }) },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['metadata', 'spec'] },
);

/** Merging may order lists anew; what matters is what they hold. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .map(unordered)
      .map((each) => JSON.stringify(each))
      .sort();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, unordered(each)]),
  );
}

it('what a merge added can be taken back, whatever was merged into whatever', () => {
  fc.assert(
    fc.property(pod, pod, (before, overlay) => {
      const original = before as unknown as JsonObject;
      const merged = strategicMergePatch(original, overlay as unknown as JsonObject);
      const note = readNote(JSON.parse(JSON.stringify(noteAdditions(original, merged))));
      assert.ok(note);
      assert.deepEqual(unordered(withoutAdditions(merged, note)), unordered(original));
    }),
    { numRuns: 2_000 },
  );
});

it('taking back twice, or from a pod that has none of it, changes nothing more', () => {
  fc.assert(
    fc.property(pod, pod, (before, overlay) => {
      const original = before as unknown as JsonObject;
      const note = noteAdditions(original, strategicMergePatch(original, overlay as unknown as JsonObject));
      const once = withoutAdditions(original, note);
      assert.deepEqual(withoutAdditions(once, note), once);
    }),
    { numRuns: 500 },
  );
});

it('a note that somebody forged does nothing but to the pod it stands in', () => {
  fc.assert(
    fc.property(fc.jsonValue(), pod, (forged, before) => {
      const note = readNote(forged);
      if (note !== null) withoutAdditions(before as unknown as JsonObject, note);
    }),
    { numRuns: 500 },
  );
});
