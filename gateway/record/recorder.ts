/** Records a sample of the live reviews for a while: copies from the tap, redacted in a thread of their own, written as files. */
import { Piscina } from 'piscina';
import { GatewayError } from '../errors.ts';
import { moduleBeside } from '../module-beside.ts';
import type { TapConsumer, TapHub } from '../tap/tap-hub.ts';
import type { TappedReview } from '../tap/tapped-review.ts';
import { RecordFiles } from './record-files.ts';
import type { EncodeTask } from './thread.ts';

/** Reviews that wait to be redacted or written, and their size together; more are dropped. */
const QUEUE_LIMIT = 256;
const QUEUE_BYTES_LIMIT = 32 * 1024 * 1024;
/** Reviews recorded in a second, of all there are. */
const RATE_LIMIT = 200;
const HEAP_MB = 256;

export const RECORDING_LIMITS = { count: 1_000_000, seconds: 24 * 3_600, maxBytes: 10 * 1024 ** 3 } as const;

export interface RecordingRequest {
  /** On the gateway's machine, absolute; made where it is not there. */
  readonly folder: string;
  /** Null: all meshes. */
  readonly mesh: string | null;
  readonly sample: number;
  /** It ends after so many reviews. */
  readonly count: number;
  /** It ends after so long. */
  readonly seconds: number;
  /** Of the files that are kept, the newest. */
  readonly maxBytes: number;
  readonly redact: boolean;
}

export interface RecordingStatus extends RecordingRequest {
  readonly state: 'recording' | 'ended' | 'failed';
  /** Why it failed; '' otherwise. */
  readonly message: string;
  readonly startedAt: string;
  readonly recorded: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Complete files that are kept. */
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly reviews: number }[];
}

export class Recorder {
  readonly #hub: TapHub;
  #recording: Recording | null = null;

  constructor(hub: TapHub) {
    this.#hub = hub;
  }

  /** The one that runs, or the last one that ran; null where there was none. */
  status(): RecordingStatus | null {
    return this.#recording?.status() ?? null;
  }

  /** Throws RECORDING_ACTIVE while another one runs. */
  start(request: RecordingRequest): RecordingStatus {
    if (this.#recording?.active) throw new GatewayError('RECORDING_ACTIVE');
    this.#recording = new Recording(this.#hub, request);
    return this.#recording.status();
  }

  /** Ends the one that runs, and resolves when its files are complete. */
  async stop(): Promise<RecordingStatus | null> {
    await this.#recording?.end();
    return this.status();
  }
}

class Recording implements TapConsumer {
  readonly #request: RecordingRequest;
  readonly #startedAt = new Date();
  readonly #files: RecordFiles;
  readonly #piscina: Piscina;
  readonly #closeTap: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #dropped = new Map<string, number>();
  #state: RecordingStatus['state'] = 'recording';
  #message = '';
  #taken = 0;
  #recorded = 0;
  #waiting = 0;
  #waitingBytes = 0;
  #writing: Promise<void> = Promise.resolve();
  #ending: Promise<void> | null = null;

  constructor(hub: TapHub, request: RecordingRequest) {
    this.#request = request;
    const { folder, mesh, sample, seconds, maxBytes } = request;
    this.#files = new RecordFiles(
      folder,
      `reviews-${this.#startedAt.toISOString().replaceAll(/[-:.]/g, '')}`,
      maxBytes,
    );
    this.#piscina = startThread((error) => this.#fail(error));
    this.#timer = setTimeout(() => void this.end(), seconds * 1_000).unref();
    this.#closeTap = hub.open({ mesh, sample, perSecond: RATE_LIMIT }, this);
  }

  get active(): boolean {
    return this.#state === 'recording';
  }

  take(tapped: TappedReview): void {
    if (this.#ending !== null) return;
    const bytes = tapped.review.length;
    if (this.#waiting >= QUEUE_LIMIT || this.#waitingBytes + bytes > QUEUE_BYTES_LIMIT) {
      this.dropped('queue', 1);
      return;
    }
    this.#taken += 1;
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    const { orders: _orders, answer: _answer, ...rest } = tapped;
    const encoding = this.#piscina.run({ tapped: rest, redact: this.#request.redact } satisfies EncodeTask);
    this.#writing = this.#writing
      .then(() => encoding)
      .then((line: string | null) => this.#write(line))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#waiting -= 1;
        this.#waitingBytes -= bytes;
      });
    // It is waited for in its turn; until then nobody else hears of its failure.
    encoding.catch(() => undefined);
    if (this.#taken >= this.#request.count) void this.end();
  }

  dropped(reason: string, count: number): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** Takes no more, and resolves when what was taken is written. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  status(): RecordingStatus {
    return {
      ...this.#request,
      state: this.#state,
      message: this.#message,
      startedAt: this.#startedAt.toISOString(),
      recorded: this.#recorded,
      dropped: Object.fromEntries(this.#dropped),
      files: this.#files.files,
    };
  }

  async #write(line: string | null): Promise<void> {
    if (this.#state === 'failed') return;
    if (line === null) {
      this.dropped('malformed', 1);
      return;
    }
    await this.#files.append(line);
    this.#recorded += 1;
  }

  async #end(): Promise<void> {
    this.#closeTap();
    clearTimeout(this.#timer);
    await this.#writing;
    try {
      await this.#files.close();
    } catch (error) {
      this.#fail(error);
    }
    await this.#piscina.destroy();
    if (this.#state === 'recording') this.#state = 'ended';
  }

  #fail(error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#message = error instanceof Error ? error.message : String(error);
    void this.end();
  }
}

function startThread(onError: (error: unknown) => void): Piscina {
  const piscina = new Piscina({
    filename: moduleBeside(import.meta.url, './thread').href,
    minThreads: 0,
    maxThreads: 1,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    recordTiming: false,
  });
  piscina.on('error', onError);
  return piscina;
}
