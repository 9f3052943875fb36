/**
 * What a listening process does: it runs a local service as its gateway tells it to, and ends with it.
 */
import type { GatewayOptions } from '../config/options.ts';
import type { TapEvent } from '../tap/tapped-review.ts';
import type { LocalService } from './local-service.ts';
import {
  type Call,
  type CallResult,
  HELLO,
  type Method,
  type Methods,
  type StartArgument,
  type TapMessage,
} from './messages.ts';

/** Copies of reviews on their way to the gateway. */
const TAP_SENDING_LIMIT = 64;

/** Makes the service from what the gateway says at the start. */
export type ServiceFactory = (start: {
  readonly options: Pick<GatewayOptions, 'workers' | 'workerMemory' | 'logLevel' | 'otlpEndpoint'>;
  readonly ticketKeys: Buffer;
}) => Promise<LocalService>;

/** Resolves when the gateway says `stop`, or is gone. Only for a process that was forked with IPC. */
export function runListenerProcess(createService: ServiceFactory): Promise<void> {
  return new Promise((resolve) => {
    let service: LocalService | null = null;
    const handlers: { [M in Method]: (argument: Methods[M]['argument']) => Promise<Methods[M]['answer']> } = {
      start: async (argument: StartArgument) => {
        service = await createService(argument);
        service.onTap(createTapSender());
        return null;
      },
      adopt: async (snapshot) => {
        await needed(service).adopt(snapshot);
        return null;
      },
      assign: async (assignments) => {
        await needed(service).assign(assignments);
        return null;
      },
      setCluster: async (cluster) => {
        await needed(service).setCluster(cluster);
        return null;
      },
      changeOwners: async (changes) => {
        await needed(service).changeOwners(changes);
        return null;
      },
      tallies: () => needed(service).tallies(),
      listen: ({ address, credentials }) => needed(service).listen(address, credentials),
      setCredentials: async (credentials) => {
        needed(service).setCredentials(credentials);
        return null;
      },
      setTap: async (orders) => {
        needed(service).setTap(orders);
        return null;
      },
      beginDrain: async () => {
        needed(service).beginDrain();
        return null;
      },
      close: (limitMs) => needed(service).close(limitMs),
      stop: async () => {
        await service?.stop();
        resolve();
        return null;
      },
      stats: () => needed(service).stats(),
      metrics: () => needed(service).metricsAsJson(),
    };
    process.on('message', (call: Call) => {
      const handle = handlers[call.method] as (argument: unknown) => Promise<unknown>;
      handle(call.argument).then(
        (answer) => reply({ id: call.id, ok: true, answer }),
        (error: unknown) => reply({ id: call.id, ok: false, ...describe(error) }),
      );
    });
    process.on('disconnect', () => resolve());
    process.send?.(HELLO);
  });
}

/** Sends what is tapped. What the gateway does not take in time is dropped: it must not pile up here. */
function createTapSender(): (event: TapEvent) => void {
  let sending = 0;
  return (event) => {
    if (!process.connected || sending >= TAP_SENDING_LIMIT) return;
    sending += 1;
    const message: TapMessage = { tap: event };
    process.send?.(message, undefined, {}, () => {
      sending -= 1;
    });
  };
}

function reply(result: CallResult): void {
  if (process.connected) process.send?.(result);
}

function needed(service: LocalService | null): LocalService {
  if (service === null) throw new Error('the process was not started');
  return service;
}

function describe(error: unknown): { code: string; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'INTERNAL';
  return { code, message };
}
