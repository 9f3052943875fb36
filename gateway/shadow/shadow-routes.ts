/** The pages of the admin port about shadows. All take the token: differences hold what pods are made of. */
import { GatewayError } from '../errors.ts';
import { requireToken } from '../server/admin-access.ts';
import type { AdminRoute } from '../server/admin-server.ts';
import { type JsonBody, readJsonBody } from '../server/json-body.ts';
import { parseAllowed } from './allowed-differences.ts';
import type { ShadowController } from './shadow-controller.ts';
import { SHADOW_LIMITS, type ShadowSpec, type ShadowUpstream } from './shadow-spec.ts';

const DEFAULTS = { sample: 1, perSecond: 20, seconds: 3_600, upstreamSeconds: 10 } as const;
const PATH = '/api/v1/shadows';

export function shadowRoutes(shadows: ShadowController, adminToken: string): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: PATH,
      answer: async (request) => {
        requireToken(request, adminToken);
        const value = { shadows: await Promise.all(shadows.list().map((shadow) => shadow.status())) };
        return { status: 200, value };
      },
    },
    {
      method: 'POST',
      path: PATH,
      answer: async (request) => {
        requireToken(request, adminToken);
        const shadow = await shadows.start(shadowSpec(await readJsonBody(request)));
        return { status: 200, value: { shadow: await shadow.status() } };
      },
    },
    {
      method: 'POST',
      path: `${PATH}/stop`,
      answer: async (request) => {
        requireToken(request, adminToken);
        const body = await readJsonBody(request);
        const name = body.text('name', '');
        body.end();
        return { status: 200, value: { shadow: await shadows.stop(name).status() } };
      },
    },
  ];
}

/** Throws ADMIN_BODY_INVALID. */
function shadowSpec(body: JsonBody): ShadowSpec {
  const mesh = body.text('mesh', '');
  const to = body.text('to', null);
  const upstream = body.object('upstream');
  const spec: ShadowSpec = {
    mesh,
    to,
    from: body.text('from', null),
    name: body.text('name', `${mesh}-${to ?? 'upstream'}`),
    upstream: upstream === null ? null : shadowUpstream(upstream),
    sample: body.number('sample', DEFAULTS.sample, 1),
    perSecond: body.number('perSecond', DEFAULTS.perSecond, SHADOW_LIMITS.perSecond),
    lifetimeMs: body.number('seconds', DEFAULTS.seconds, SHADOW_LIMITS.lifetimeMs / 1_000) * 1_000,
    allowedDifferences: allowed(body.value('allowedDifferences')),
  };
  body.end();
  return spec;
}

function shadowUpstream(body: JsonBody): ShadowUpstream {
  const upstream = {
    url: body.text('url', ''),
    caFile: body.text('caFile', null),
    timeoutMs: body.number('timeoutSeconds', DEFAULTS.upstreamSeconds, SHADOW_LIMITS.upstreamTimeoutMs / 1_000) * 1_000,
  };
  body.end();
  return upstream;
}

function allowed(value: unknown): ShadowSpec['allowedDifferences'] {
  try {
    return parseAllowed(value);
  } catch (error) {
    if (error instanceof RangeError) throw new GatewayError('ADMIN_BODY_INVALID', error.message);
    throw error;
  }
}
