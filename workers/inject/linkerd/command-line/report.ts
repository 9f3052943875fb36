/**
 * What Linkerd's command line says about resources on stderr, word for word (pkg/inject/report.go, cli/cmd/inject.go): people read it in
 * terminals and scripts match it.
 */
import { type Container, type PodSpec, stringAt } from '../../istio/pod.ts';
import { INJECT } from '../annotations.ts';
import { hasSidecar } from '../decide.ts';
import type { LinkerdValues } from '../values.ts';
import type { Manifest } from './manifest.ts';

export interface Report {
  /** Lower case; '' for a document without one. */
  readonly kind: string;
  readonly name: string;
  readonly hostNetwork: boolean;
  readonly sidecar: boolean;
  readonly udp: boolean;
  readonly unsupported: boolean;
  /** The pod says `linkerd.io/inject: disabled`. */
  readonly injectDisabled: boolean;
  readonly annotatable: boolean;
  /** The service account's token is there, or not needed. */
  readonly tokenMounted: boolean;
  annotated: boolean;
  uninjected: boolean;
}

const OK = '\u221a';
const WARN = '\u203c';

/** What a resource is, before anything is done. `values`: of the mesh that is to inject it; null where none is. */
export function reportOf(manifest: Manifest, values: LinkerdValues | null): Report {
  const { kind, own, pod } = manifest;
  const spec: PodSpec = pod?.spec ?? {};
  const name = kind === 'pod' ? own.name || own.generateName : own.name;
  const automount = spec['automountServiceAccountToken'];
  return {
    kind,
    name: name ?? '',
    hostNetwork: spec.hostNetwork === true,
    sidecar: values !== null && hasSidecar(spec, values.profile.features),
    udp: (spec.containers ?? []).some(usesUdp),
    unsupported: pod === null,
    injectDisabled: stringAt(pod?.metadata?.annotations, INJECT) === 'disabled',
    annotatable: pod !== null || kind === 'service' || kind === 'namespace',
    tokenMounted: values === null || values.tokenProjection || automount !== false,
    annotated: false,
    uninjected: false,
  };
}

/** Only the containers': Linkerd does not look at init containers here. */
function usesUdp({ ports }: Container): boolean {
  return (ports ?? []).some((port) => port['protocol'] === 'UDP');
}

export function isInjectable(report: Report): boolean {
  return !(report.hostNetwork || report.sidecar || report.unsupported || report.injectDisabled || !report.tokenMounted);
}

/** Why a resource that is not injectable is an error; empty where it is just left alone. UDP ports alone are no obstacle. */
export function injectErrors(report: Report): readonly string[] {
  return [
    ...(report.tokenMounted
      ? []
      : [
          'automountServiceAccountToken set to "false", with Values.identity.serviceAccountTokenProjection set to "false"',
        ]),
    ...(report.hostNetwork ? ['hostNetwork is enabled'] : []),
    ...(report.sidecar ? ['pod has a sidecar injected already'] : []),
    ...(report.udp ? ['UDP port(s) configured on pod spec'] : []),
  ];
}

function resourceName({ kind, name }: Report): string {
  return `${kind}/${name}`;
}

/** The report of `inject`: with `verbose` every check, otherwise only what is noteworthy. */
export function injectReport(reports: readonly Report[], verbose: boolean): string {
  const named = (chosen: (report: Report) => boolean) => reports.filter(chosen).map(resourceName);
  const hostNetwork = named((report) => report.hostNetwork);
  const sidecar = named((report) => report.sidecar);
  const disabled = named((report) => report.injectDisabled);
  const udp = named((report) => report.udp);
  const withoutToken = named((report) => !report.tokenMounted);
  const supported = reports.some((report) => isInjectable(report) || report.annotatable);
  const lines = [
    hostNetwork.length > 0
      ? `${WARN} "hostNetwork: true" detected in ${hostNetwork.join(', ')}`
      : good('pods do not use host networking'),
    sidecar.length > 0
      ? `${WARN} known 3rd party sidecar detected in ${sidecar.join(', ')}`
      : good('pods do not have a 3rd party proxy or initContainer already injected'),
    disabled.length > 0
      ? `${WARN} "${INJECT}: disabled" annotation set on ${disabled.join(', ')}`
      : good('pods are not annotated to disable injection'),
    supported ? good('at least one resource can be injected or annotated') : `${WARN} no supported objects found`,
    udp.length > 0
      ? `${WARN} ${udp.join(', ')} ${udp.length > 1 ? 'use' : 'uses'} "protocol: UDP"`
      : good('pod specs do not include UDP ports'),
    // Without its token a resource is an error, so nothing is warned of here.
    withoutToken.length > 0
      ? ''
      : good(
          'pods do not have automountServiceAccountToken set to "false" or service account token projection is enabled',
        ),
  ].filter((line) => line !== '' && (verbose || line.startsWith(WARN)));
  const separate = verbose || lines.length > 0 || withoutToken.length > 0;
  return `\n${lines.map(line).join('')}${separate ? '\n' : ''}${reports.map(injectLine).map(line).join('')}\n`;
}

function good(description: string): string {
  return `${OK} ${description}`;
}

function line(text: string): string {
  return `${text}\n`;
}

function injectLine(report: Report): string {
  if (isInjectable(report)) return outcome(report, 'injected');
  return report.annotated ? outcome(report, 'annotated') : skipped(report);
}

function outcome({ kind, name }: Report, what: string): string {
  return `${kind} "${name}" ${what}`;
}

function skipped(report: Report): string {
  return report.kind === '' ? 'document missing "kind" field, skipped' : outcome(report, 'skipped');
}

/** The report of `uninject`. */
export function uninjectReport(reports: readonly Report[]): string {
  const lines = reports.map((report) => (report.uninjected ? outcome(report, 'uninjected') : skipped(report)));
  return `\n${lines.map(line).join('')}\n`;
}
