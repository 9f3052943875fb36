/** A way to a server that can be cut: connections end, and new ones are refused or, worse, never answered. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class CuttableProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mode: 'open' | 'closed' | 'silent' = 'open';

  private constructor(port: number) {
    this.#server = createServer((caller) => {
      this.#keep(caller);
      if (this.#mode === 'closed') return caller.destroy();
      if (this.#mode === 'silent') return caller.resume();
      const callee = connect(port, '127.0.0.1');
      this.#keep(callee);
      caller.pipe(callee).pipe(caller);
      caller.on('close', () => callee.destroy());
      callee.on('close', () => caller.destroy());
      return caller;
    });
  }

  static async before(port: number): Promise<CuttableProxy> {
    const proxy = new CuttableProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection. */
  cut(mode: 'closed' | 'silent'): void {
    this.#mode = mode;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#mode = 'open';
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut('closed');
    this.#server.close();
    await once(this.#server, 'close');
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
