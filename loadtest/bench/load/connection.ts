/**
 * One HTTP/1.1 connection over TLS that sends one request at a time and reads answers just far enough to know their status and
 * length, so that one core of the generator outruns one core of any server here (k6 ends at 7,000 to 11,000 a second).
 */
import { connect, type TLSSocket } from 'node:tls';

const HEAD_END = Buffer.from('\r\n\r\n');
/** What is kept of an answer's body to tell what it says. */
const START_BYTES = 1_024;
const EMPTY = Buffer.alloc(0);
/** An answer that takes longer than this ends the run: the apiserver would have given up long before. */
const ANSWER_LIMIT_MS = 30_000;

export interface ConnectionListener {
  answered(connection: Connection, ok: boolean, bytes: number): void;
  /** The connection ended. */
  closed(connection: Connection, reason: string): void;
}

export class Connection {
  readonly #listener: ConnectionListener;
  readonly #socket: TLSSocket;
  #expected = -1;
  #received = 0;
  #ok = true;
  #pending: Buffer = EMPTY;
  /** What came first of the answer's body. */
  #start: Buffer = EMPTY;
  #busy = false;
  #closed = false;
  /** performance.now() of when the request under way was sent, or was due. For the owner to set and read. */
  sinceMs = 0;
  /** HTTP status of the last answer. */
  status = 0;

  private constructor(socket: TLSSocket, listener: ConnectionListener) {
    this.#socket = socket;
    this.#listener = listener;
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_LIMIT_MS, () => {
      if (this.#busy) this.#close(`no answer within ${ANSWER_LIMIT_MS} ms`);
    });
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
    socket.on('error', (error) => this.#close(error.message));
    socket.on('close', () => this.#close('the server closed a connection'));
  }

  static open(url: URL, listener: ConnectionListener): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: url.hostname,
        port: Number(url.port),
        // What is measured is a server of our own making on this machine.
        rejectUnauthorized: false,
        ALPNProtocols: ['http/1.1'],
      });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, listener));
      });
    });
  }

  send(request: Buffer): void {
    this.#busy = true;
    this.#socket.write(request);
  }

  /** The first START_BYTES of the last answer's body. */
  answerStart(): string {
    return this.#start.toString('latin1', 0, START_BYTES);
  }

  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    if (this.#expected < 0) {
      if (!this.#head(chunk)) return;
    } else {
      this.#received += chunk.length;
      // A server may write a head and its body apart.
      if (this.#start.length < START_BYTES) this.#start = Buffer.concat([this.#start, chunk]);
    }
    if (this.#received < this.#expected) return;
    const bytes = this.#expected;
    this.#expected = -1;
    this.#busy = false;
    this.#listener.answered(this, this.#ok, bytes);
  }

  /** Whether the head is complete. */
  #head(chunk: Buffer): boolean {
    const data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const end = data.indexOf(HEAD_END);
    if (end < 0) {
      this.#pending = data;
      return false;
    }
    const head = data.toString('latin1', 0, end);
    const length = /content-length: *(\d+)/i.exec(head);
    if (length === null) {
      this.#close(`answer without Content-Length: ${head.slice(0, 200)}`);
      return false;
    }
    this.status = Number(head.slice(9, 12));
    this.#ok = this.status === 200;
    this.#start = data.subarray(end + HEAD_END.length);
    this.#expected = end + HEAD_END.length + Number(length[1]);
    this.#received = data.length;
    this.#pending = EMPTY;
    return true;
  }

  #close(reason: string): void {
    if (this.#closed) return;
    this.destroy();
    this.#listener.closed(this, reason);
  }
}
