/** The scenarios by the names they have on the command line. */
import { bigPods } from './big-pods.ts';
import { manyMeshes } from './many-meshes.ts';
import { overload } from './overload.ts';
import { ramp } from './ramp.ts';
import type { Scenario } from './scenario.ts';
import { smoke } from './smoke.ts';
import { spike } from './spike.ts';
import { steady } from './steady.ts';
import { storm } from './storm.ts';

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map([
  ['smoke', smoke],
  ['steady', steady],
  ['ramp', ramp],
  ['spike', spike],
  ['storm', storm],
  ['overload', overload],
  ['many-meshes', manyMeshes],
  ['big-pods', bigPods],
]);
