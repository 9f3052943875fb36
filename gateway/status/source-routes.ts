/** The pages of the admin port about where snapshots come from, and what can be asked of it: the webhook, the history, a rollback. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';
import { requireToken } from '../server/admin-access.ts';
import type { AdminRoute } from '../server/admin-server.ts';
import { createHookReceiver } from '../server/hook-receiver.ts';
import type { SourceControl, SourceStatus } from '../snapshot.ts';
import type { Logger } from '../telemetry/logger.ts';
import { describeSource } from './status.ts';

export interface SourceRoutesParts {
  readonly status: () => SourceStatus;
  readonly control: SourceControl | null;
  /** Null: there is no webhook receiver. */
  readonly hookTokenFile: string | null;
  readonly adminToken: string;
  readonly logger: Logger;
}

export function sourceRoutes(parts: SourceRoutesParts): readonly AdminRoute[] {
  const { status, control, hookTokenFile, adminToken, logger } = parts;
  const routes: AdminRoute[] = [
    {
      method: 'GET',
      path: '/api/v1/sources',
      answer: async () => ({ status: 200, value: { sources: (status().sources ?? []).map(describeSource) } }),
    },
  ];
  if (control === null) return routes;
  routes.push(
    {
      method: 'GET',
      path: '/api/v1/snapshots',
      answer: async () => ({
        status: 200,
        value: { held: status().held ?? null, snapshots: await control.snapshots() },
      }),
    },
    {
      method: 'POST',
      path: '/api/v1/rollback',
      answer: async (request) => {
        requireToken(request, adminToken);
        const to = new URL(request.url ?? '/', 'http://localhost').searchParams.get('to');
        const snapshot = await control.rollback(to);
        return { status: 200, value: { held: status().held ?? null, snapshot } };
      },
    },
  );
  if (hookTokenFile !== null) routes.push(hookRoute(hookTokenFile, control, logger));
  return routes;
}

function hookRoute(tokenFile: string, control: SourceControl, logger: Logger): AdminRoute {
  const receive = createHookReceiver({ tokenFile, trigger: () => control.trigger() });
  return {
    method: 'POST',
    path: '/hooks/git',
    answer: async (request: IncomingMessage) => {
      try {
        await receive(request);
      } catch (error) {
        // Nothing of the request is logged: whoever sends wrong ones may send somebody's secret.
        const code = error instanceof GatewayError ? error.code : 'INTERNAL';
        logger.debug({ code }, 'a call of the webhook was refused');
        throw error;
      }
      logger.info('a webhook has the sources looked at');
      return { status: 202, value: { accepted: true } };
    },
  };
}
