/** Questions that a process has asked another, until they are answered. */
interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class PendingCalls {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** Sends a question under a number of its own; the answer is what is told of that number. */
  ask(send: (id: number, sent: (error: Error | null) => void) => void): Promise<unknown> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    send(id, (error) => {
      if (error !== null) this.reject(id, error);
    });
    return answer;
  }

  resolve(id: number, answer: unknown): void {
    this.#take(id)?.resolve(answer);
  }

  reject(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** Nobody is going to answer any more. */
  rejectAll(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.reject(id, error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }
}
