/** An answer with places for what replicas differ in: the review's uid, and the token volume's name where the patch has it. */
import { TOKEN_VOLUME_PREFIX } from '../../workers/inject/reuse.ts';
import type { ReplicaNames } from './replica-text.ts';

const PATCH = '"patch":"';

export class ReplicaAnswer {
  readonly #beforeUid: string;
  /** Up to the patch, or to the end where the patch holds no token. */
  readonly #afterUid: string;
  /** The patch's JSON text between its tokens; empty when it holds none. */
  readonly #patch: readonly string[];
  readonly #afterPatch: string;
  readonly length: number;

  private constructor(beforeUid: string, afterUid: string, patch: readonly string[], afterPatch: string) {
    this.#beforeUid = beforeUid;
    this.#afterUid = afterUid;
    this.#patch = patch;
    this.#afterPatch = afterPatch;
    this.length = beforeUid.length + afterUid.length + afterPatch.length;
    for (const piece of patch) this.length += piece.length;
  }

  /** Takes an answer's body apart; null where it does not hold the uid as it should, or the names where they can not be replaced. */
  static of(body: string, { uid, name, token }: ReplicaNames): ReplicaAnswer | null {
    const member = `"uid":"${uid}"`;
    const at = body.indexOf(member);
    if (at < 0) return null;
    const beforeUid = body.slice(0, at + member.length - uid.length - 1);
    const rest = body.slice(at + member.length - 1);
    const start = rest.indexOf(PATCH);
    if (start < 0) return new ReplicaAnswer(beforeUid, rest, [], '');
    const from = start + PATCH.length;
    const end = rest.indexOf('"', from);
    const patch = Buffer.from(rest.slice(from, end), 'base64').toString();
    // A name in the patch is one that something looked at.
    if (name !== '' && patch.includes(name)) return null;
    const volume = TOKEN_VOLUME_PREFIX + token;
    if (token === '' || !patch.includes(volume)) return new ReplicaAnswer(beforeUid, rest, [], '');
    return new ReplicaAnswer(beforeUid, rest.slice(0, from), patch.split(volume), rest.slice(end));
  }

  /** The body for another replica. */
  body({ uid, token }: ReplicaNames): string {
    if (this.#patch.length === 0) return this.#beforeUid + uid + this.#afterUid;
    const patch = this.#patch.join(TOKEN_VOLUME_PREFIX + token);
    return `${this.#beforeUid}${uid}${this.#afterUid}${Buffer.from(patch).toString('base64')}${this.#afterPatch}`;
  }
}
