/**
 * The rollouts on the admin port: `GET /api/v1/rollouts[/NAME]`, `GET /api/v1/weights`, and for who has the token of the state folder
 * `GET /api/v1/rollouts/NAME/differences` and `POST /api/v1/rollouts/NAME/ACTION` with pause, resume, promote or abort.
 */
import { GatewayError } from '../errors.ts';
import type { RolloutController } from '../rollout/controller.ts';
import { describeRollout, describeWeights, type RolloutDescription } from '../rollout/describe.ts';
import type { Command } from '../rollout/reduce.ts';
import { requireToken } from '../server/admin-access.ts';
import type { AdminRoute } from '../server/admin-server.ts';
import { shadowNames } from '../shadow/rollout-shadows.ts';
import type { ShadowController } from '../shadow/shadow-controller.ts';
import type { Snapshot } from '../snapshot.ts';

export interface RolloutRoutesParts {
  readonly controller: RolloutController;
  readonly shadows: Pick<ShadowController, 'find'>;
  readonly serving: () => Snapshot | null;
  readonly adminToken: string;
}

const ROLLOUTS = '/api/v1/rollouts';
const COMMANDS: readonly Command[] = ['pause', 'resume', 'promote', 'abort'];

export function rolloutRoutes({ controller, shadows, serving, adminToken }: RolloutRoutesParts): readonly AdminRoute[] {
  const list = () => describeRollouts(controller);
  const one = (name: string): RolloutDescription => {
    const found = list().find((each) => each.name === name);
    if (found === undefined) throw new GatewayError('ROLLOUT_UNKNOWN', `There is no rollout ${JSON.stringify(name)}.`);
    return found;
  };
  return [
    {
      method: 'GET',
      path: ROLLOUTS,
      answer: async () => ({ status: 200, value: { controls: controller.controls, rollouts: list() } }),
    },
    {
      method: 'GET',
      path: `${ROLLOUTS}/`,
      answer: async (request) => {
        const [name = '', part, ...more] = partsOf(request.url ?? '');
        if (part !== 'differences' || more.length > 0) {
          return { status: 200, value: one(partsOf(request.url ?? '').join('/')) };
        }
        // They hold what pods are made of.
        requireToken(request, adminToken);
        const { forth, back } = shadowNames(one(name).name);
        const found = [shadows.find(forth), shadows.find(back)].filter((shadow) => shadow !== null);
        return {
          status: 200,
          value: { rollout: name, shadows: await Promise.all(found.map((each) => each.status())) },
        };
      },
    },
    {
      method: 'POST',
      path: `${ROLLOUTS}/`,
      answer: async (request) => {
        requireToken(request, adminToken);
        const [name = '', action = '', ...more] = partsOf(request.url ?? '');
        const command = COMMANDS.find((each) => each === action);
        if (command === undefined || more.length > 0) {
          throw new GatewayError('PATH_UNKNOWN', `The actions of a rollout are ${COMMANDS.join(', ')}.`);
        }
        await controller.command(name, command);
        return { status: 200, value: one(name) };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/weights',
      answer: async () => ({ status: 200, value: { meshes: describeWeights(serving(), controller.assignments()) } }),
    },
  ];
}

export function describeRollouts(controller: RolloutController): readonly RolloutDescription[] {
  return controller.list().map(({ rollout, state }) => {
    return describeRollout(rollout, state, controller.position(rollout), controller.changeOf(rollout));
  });
}

/** What follows in the path. Names hold nothing that a URL would escape. */
function partsOf(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1);
  return path.slice(ROLLOUTS.length + 1).split('/');
}
