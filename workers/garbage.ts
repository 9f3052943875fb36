/**
 * What starting and reading leave behind: as much garbage as there is of the gateway itself. It is old by then, so V8 would keep it until the
 * old generation has grown several times over, which under load is hours; and what the young generation has grown to stays with it.
 */

/**
 * Collects all of it, at once, and gives back what V8 keeps for the next objects, the young generation above all: some 50 ms, in which
 * nothing else happens in this thread. Only a process that was started with --expose-gc can (bin/meshgate.mjs).
 */
export function collectAllGarbage(): void {
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
