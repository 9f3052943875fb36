/**
 * The order of containers in the injected pod.
 *
 * The proxy comes last, so that `kubectl exec` still means the user's container; or first, when applications have to wait for
 * it. As a native sidecar it stands in front of all other init containers but those that set up the network; else a
 * validation of the network comes first of all and its set-up last, so that other init containers still have a network.
 */
import { CORE_DUMP, INIT, PROXY, VALIDATION } from './names.ts';
import { type Container, findContainer } from './pod.ts';

/** Moves the container of that name; of several with the same name only the last is kept, as in Istio. */
function moved(containers: readonly Container[], name: string, to: 'first' | 'last'): readonly Container[] {
  const found = containers.findLast((container) => container.name === name);
  if (found === undefined) return containers;
  const rest = containers.filter((container) => container.name !== name);
  return to === 'first' ? [found, ...rest] : [...rest, found];
}

const FIRST_WITH_NATIVE_PROXY = [CORE_DUMP, PROXY, VALIDATION, INIT];

/** A pod's containers; `initContainers` is null where there are none. */
export interface Containers {
  readonly containers: readonly Container[];
  readonly initContainers: readonly Container[] | null;
}

/** The containers in order. `holdApplication`: applications start after the proxy. */
export function reordered(
  { containers, initContainers }: { readonly [list in keyof Containers]: Containers[list] | undefined },
  holdApplication: boolean,
): Containers {
  let inits: readonly Container[] = initContainers ?? [];
  if (findContainer(PROXY, inits) !== undefined) {
    for (const name of FIRST_WITH_NATIVE_PROXY) inits = moved(inits, name, 'first');
  } else {
    inits = moved(inits, VALIDATION, 'first');
    inits = moved(inits, INIT, 'last');
    inits = moved(inits, CORE_DUMP, 'last');
  }
  return {
    containers: moved(containers ?? [], PROXY, holdApplication ? 'first' : 'last'),
    initContainers: inits.length > 0 ? inits : null,
  };
}
