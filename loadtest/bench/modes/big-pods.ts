/** Pods with very many environment variables, in process: what they cost has to grow with their size and not faster. */
import type { Section } from '../figures.ts';
import type { BenchRun } from '../run.ts';
import { measureCore } from './in-process.ts';

/** Variables of the first container, and how many such reviews are taken in turn. */
const SIZES = [
  { extraEnv: 1_500, count: 40 },
  { extraEnv: 20_000, count: 4 },
] as const;
const WARM = { requests: 60, seconds: 6, limitSeconds: 25 };

export async function measureBigPods(run: BenchRun): Promise<Section> {
  const sections: Section[] = [];
  for (const { extraEnv, count } of SIZES) {
    const section = await measureCore({ ...run, warm: WARM }, { mode: 'big-pods', count, extraEnv, unit: 'ms' });
    const name = `${extraEnv.toLocaleString('en')} variables`;
    sections.push({ ...section, figures: section.figures.map((each) => ({ ...each, name: `${name}: ${each.name}` })) });
  }
  return {
    mode: 'big-pods',
    title: sections.map(({ title }) => title).join('\n'),
    figures: sections.flatMap(({ figures }) => figures),
    notes: [...new Set(sections.flatMap(({ notes }) => notes))],
    errors: sections.reduce((sum, { errors }) => sum + errors, 0),
  };
}
