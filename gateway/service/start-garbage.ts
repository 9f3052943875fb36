/**
 * Starting leaves behind as much garbage as there is of the gateway itself: texts as they were read, and what was parsed and checked of them.
 * It is old by then, so V8 would keep it until the old generation has grown several times over, which under load is hours.
 */

/** Collects it, at once: to be called before there are requests. Only a process that was started with --expose-gc can (bin/meshgate.mjs). */
export function collectStartGarbage(): void {
  globalThis.gc?.();
}
