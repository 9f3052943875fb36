/** An SSH server on loopback that lets one key in and runs what git asks for, as a forge does. For real ssh clients. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import ssh2, { type AuthContext, type Connection, type Session } from 'ssh2';

export class SshServer {
  readonly #server: ssh2.Server;
  readonly #hostKey: string;
  /** Commands that were run. */
  readonly commands: string[] = [];

  /** @param hostKey file of the private key, with its public one beside it; @param allowed the one public key that is let in */
  constructor(hostKey: string, allowed: string) {
    this.#hostKey = readFileSync(`${hostKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
    const key = ssh2.utils.parseKey(allowed);
    assert.ok(!(key instanceof Error));
    this.#server = new ssh2.Server({ hostKeys: [readFileSync(hostKey)] }, (connection: Connection) => {
      connection.on('authentication', (context: AuthContext) => {
        if (context.method !== 'publickey') return context.reject(['publickey']);
        const known = context.key.algo === key.type && context.key.data.equals(key.getPublicSSH());
        const { blob, signature } = context;
        const signed =
          blob === undefined || signature === undefined || key.verify(blob, signature, context.hashAlgo) === true;
        return known && signed ? context.accept() : context.reject(['publickey']);
      });
      connection.on('ready', () => connection.on('session', (accept) => this.#serve(accept())));
      // A client that does not like our key hangs up.
      connection.on('error', () => undefined);
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** A line of known_hosts for this server, with its own key or another one. */
  knownHost(key = this.#hostKey): string {
    return `[127.0.0.1]:${this.port} ${key}\n`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #serve(session: Session): void {
    session.on('env', (accept) => accept?.());
    session.on('exec', (accept, _reject, { command }) => {
      this.commands.push(command);
      const stream = accept();
      const child = spawn('sh', ['-c', command]);
      stream.pipe(child.stdin);
      child.stdout.pipe(stream, { end: false });
      child.stderr.pipe(stream.stderr, { end: false });
      child.on('close', (code) => {
        stream.exit(code ?? 1);
        stream.end();
      });
    });
  }
}
