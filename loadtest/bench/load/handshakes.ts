/**
 * New connections a second. The client says goodbye as soon as it has shaken hands, and a handshake counts when the server has closed
 * its side as well, for only then has the server done its part. A resumed one begins with the ticket of a full one before.
 */
import { connect } from 'node:tls';
import type { HandshakesCommand, HandshakeWindow } from './protocol.ts';

const HANDSHAKE_LIMIT_MS = 10_000;

interface Handshake {
  /** The server's last ticket; undefined when none came. */
  readonly session: Buffer | undefined;
  readonly reused: boolean;
}

function shakeHands(url: URL, session: Buffer | undefined): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let ticket: Buffer | undefined;
    let reused = false;
    const socket = connect({
      host: url.hostname,
      port: Number(url.port),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    });
    socket.setTimeout(HANDSHAKE_LIMIT_MS, () => socket.destroy(new Error('a handshake took too long')));
    socket.once('error', reject);
    socket.on('session', (received: Buffer) => {
      ticket = received;
    });
    socket.once('secureConnect', () => {
      reused = socket.isSessionReused();
      socket.end();
    });
    socket.once('close', () => resolve({ session: ticket, reused }));
    socket.resume();
  });
}

export async function measureHandshakes(url: URL, command: HandshakesCommand): Promise<HandshakeWindow> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let handshakes = 0;
  let resumed = 0;
  const one = async (): Promise<void> => {
    const session = command.resume ? (await shakeHands(url, undefined)).session : undefined;
    while (performance.now() - start < command.ms) {
      const done = await shakeHands(url, session);
      handshakes++;
      if (done.reused) resumed++;
    }
  };
  await Promise.all(Array.from({ length: command.parallel }, one));
  const { user, system } = process.cpuUsage(cpu);
  return { handshakes, resumed, seconds: (performance.now() - start) / 1_000, ownCpuSeconds: (user + system) / 1e6 };
}
