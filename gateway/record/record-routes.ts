/** The pages of the admin port about recordings. */
import { isAbsolute } from 'node:path';
import { GatewayError } from '../errors.ts';
import { requireToken } from '../server/admin-access.ts';
import type { AdminRoute } from '../server/admin-server.ts';
import { readJsonBody } from '../server/json-body.ts';
import { RECORDING_LIMITS, type Recorder } from './recorder.ts';

const DEFAULTS = { count: 1_000, seconds: 600, maxBytes: 64 * 1024 * 1024 } as const;
const PATH = '/api/v1/recording';

/** Starting and stopping takes the token: a recording holds what pods are made of. */
export function recordRoutes(recorder: Recorder, adminToken: string): readonly AdminRoute[] {
  return [
    { method: 'GET', path: PATH, answer: async () => ({ status: 200, value: { recording: recorder.status() } }) },
    {
      method: 'POST',
      path: PATH,
      answer: async (request) => {
        requireToken(request, adminToken);
        const body = await readJsonBody(request);
        const folder = body.text('folder', '');
        const asked = {
          folder,
          mesh: body.text('mesh', null),
          sample: body.number('sample', 1, 1),
          count: Math.ceil(body.number('count', DEFAULTS.count, RECORDING_LIMITS.count)),
          seconds: body.number('seconds', DEFAULTS.seconds, RECORDING_LIMITS.seconds),
          maxBytes: Math.ceil(body.number('maxBytes', DEFAULTS.maxBytes, RECORDING_LIMITS.maxBytes)),
          redact: body.flag('redact', true),
        };
        body.end();
        if (!isAbsolute(folder)) throw new GatewayError('ADMIN_BODY_INVALID', 'folder is not an absolute path.');
        return { status: 200, value: { recording: recorder.start(asked) } };
      },
    },
    {
      method: 'POST',
      path: `${PATH}/stop`,
      answer: async (request) => {
        requireToken(request, adminToken);
        return { status: 200, value: { recording: await recorder.stop() } };
      },
    },
  ];
}
