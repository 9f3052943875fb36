/** Istio's functions for lists of ports. */
import type { GoFunc } from '../../func.ts';
import { sprint } from '../../printf.ts';
import { any, fn1, fn2, text } from '../signature.ts';
import { trimSpace } from '../sprig/strings.ts';
import type { ContainerData } from './pod-args.ts';
import { containerList, containers } from './pod-args.ts';

const PROXY_CONTAINER = 'istio-proxy';

interface Port {
  readonly protocol?: unknown;
  readonly containerPort?: unknown;
}

/** Adds a port to a comma-separated list, unless it is in it, empty or 0. */
function excludeInboundPort(port: string, excluded: string): string {
  const wanted = trimSpace(port);
  if (wanted === '' || wanted === '0') return excluded;
  const ports = excluded.split(',');
  // Istio compares before it trims: ` 80` is not 80 and stays beside it.
  if (ports.includes(wanted)) return excluded;
  const kept = ports.map(trimSpace).filter((entry) => entry !== '');
  return [...kept, wanted].join(',');
}

function containerPorts(container: ContainerData): readonly Port[] {
  return Array.isArray(container.ports) ? (container.ports as readonly Port[]) : [];
}

function tcpPorts(list: readonly ContainerData[]): string {
  const ports = list
    .flatMap(containerPorts)
    .filter(({ protocol }) => protocol !== 'UDP' && protocol !== 'SCTP')
    .map(({ containerPort }) => String(Number(containerPort ?? 0)));
  return ports.join(',');
}

export const portFuncs: readonly (readonly [string, GoFunc])[] = [
  ['excludeInboundPort', fn2(any, text, (port, excluded) => excludeInboundPort(sprint(port), excluded))],
  ['includeInboundPorts', fn1(containers, (slice) => tcpPorts(containerList(slice)))],
  [
    'applicationPorts',
    fn1(containers, (slice) => tcpPorts(containerList(slice).filter(({ name }) => name !== PROXY_CONTAINER))),
  ],
];
