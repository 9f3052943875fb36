/**
 * New connections a second beside the yardstick's, in full and resumed: the apiserver keeps 25 idle connections and shakes hands anew
 * above that.
 */

import { type Figure, ratioFigures, type Section, subjectFigures } from '../figures.ts';
import type { HandshakeWindow } from '../load/protocol.ts';
import { measureRounds, type RoundSubject, type Window } from '../rounds.ts';
import type { BenchRun } from '../run.ts';
import { withServers, YARDSTICK } from './servers.ts';

const PARALLEL = 16;
const WARM = { requests: 1_000, seconds: 4, limitSeconds: 10 };
const KINDS = [
  { kind: 'full', resume: false },
  { kind: 'resumed', resume: true },
] as const;

interface Counted extends Window {
  readonly resumed: number;
}

export function measureHandshakes(run: BenchRun): Promise<Section> {
  const { rounds, windowMs } = run.options;
  return withServers(run, 'distinct', async ({ generator, subjects }) => {
    const figures: Figure[] = [];
    let wrong = 0;
    for (const { kind, resume } of KINDS) {
      const each = subjects.map(({ name, pid }): RoundSubject<Counted> => {
        const shake = async (ms: number): Promise<Counted> =>
          counted(await generator.handshakes({ name, ms, parallel: PARALLEL, resume }), resume);
        return { name, pid, run: shake };
      });
      const measured = await measureRounds(each, { rounds, windowMs, warm: WARM });
      const yardstick = measured[subjects.findIndex(({ name }) => name === YARDSTICK)] ?? [];
      subjects.forEach(({ name }, i) => {
        const mine = measured[i] ?? [];
        figures.push(...subjectFigures(`${kind}, ${name}`, mine));
        if (name !== YARDSTICK) figures.push(...ratioFigures(`${kind}, ${name} to yardstick`, mine, yardstick));
        wrong += mine.reduce((sum, { window }) => sum + window.errors, 0);
      });
    }
    const title = `handshakes: new TLS connections, ${PARALLEL} at once, one core; a request is a handshake here`;
    const notes = [
      'the client of a full handshake works harder than the server: the ratio by CPU time is the better one',
    ];
    return { mode: 'handshakes', title, figures, notes, errors: wrong };
  });
}

/** What was not resumed although it was to be, or the other way round, is an error. */
function counted({ handshakes, resumed, seconds }: HandshakeWindow, resume: boolean): Counted {
  return { requests: handshakes, resumed, seconds, errors: resume ? handshakes - resumed : resumed };
}
