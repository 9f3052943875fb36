/** A policy folder from what was found in a cluster: Mesh, MeshRevisions with their texts beside them, ClusterSnapshot. */
import { stringify } from 'yaml';
import { API_VERSION, type ClusterSnapshotSpec, type MeshRevisionSpec, type MeshSpec } from '../gitsync/kinds.ts';
import { isJsonText } from '../manifests/documents.ts';
import { DEFAULT_REVISION } from './configuration.ts';
import type { ControlPlane, FoundRevision } from './control-plane.ts';

export interface FolderOptions {
  readonly mesh: string;
  readonly cluster: string;
}

export interface PolicyFolder {
  /** Text by path, relative to the folder. */
  readonly files: ReadonlyMap<string, string>;
  readonly findings: readonly string[];
}

/** The URL path that istiod's own webhook has. */
const ISTIOD_PATH = '/inject';
const NAME = /^[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*$/;
const MAX_NAME_LENGTH = 63;

/** What a name has to be in policy files. */
export function isPolicyName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && NAME.test(name);
}

/** Writes the documents of a control plane; what can not be written is a finding. */
export function policyFolder(
  { revisions, tags, findings: before }: ControlPlane,
  cluster: ClusterSnapshotSpec,
  options: FolderOptions,
): PolicyFolder {
  const findings = [...before];
  const files = new Map<string, string>();
  const names: string[] = [];
  for (const revision of revisions.values()) {
    if (!isPolicyName(revision.name)) {
      findings.push(`revision ${revision.name} is left out: its name can not stand in a URL`);
      continue;
    }
    names.push(revision.name);
    for (const [path, text] of revisionFiles(revision, options.mesh)) files.set(path, text);
  }
  const [first] = names;
  if (first === undefined) return { files: new Map(), findings };
  const defaultRevision = defaultOf(names, tags, findings) ?? first;
  const hasCluster =
    (cluster.namespaces ?? []).length + (cluster.nodes ?? []).length + (cluster.owners ?? []).length > 0;
  const spec: MeshSpec = {
    provider: 'istio',
    paths: [ISTIOD_PATH],
    defaultRevision,
    tags: Object.fromEntries([...tags].filter(([tag, target]) => isUsable(tag, target, names, findings))),
    ...(hasCluster ? { cluster: options.cluster } : {}),
  };
  files.set(
    'mesh.yaml',
    document('Mesh', options.mesh, spec, 'Made from the objects of a cluster by `meshgate import istio`.'),
  );
  if (hasCluster) {
    const comment =
      'The cluster as it was then. Native sidecars ask for the nodes, OpenShift for the annotations of namespaces.';
    files.set('cluster.yaml', document('ClusterSnapshot', options.cluster, withDecidingAnnotations(cluster), comment));
  }
  return { files, findings };
}

/** Tag `default` leads to it; else it is called so; else it is the only one. */
function defaultOf(names: readonly string[], tags: ReadonlyMap<string, string>, findings: string[]): string | null {
  const tagged = tags.get(DEFAULT_REVISION);
  if (tagged !== undefined && names.includes(tagged)) return tagged;
  if (names.includes(DEFAULT_REVISION)) return DEFAULT_REVISION;
  if (names.length > 1) {
    findings.push(`no revision is the default one: ${names[0]} was taken (spec.defaultRevision of mesh.yaml)`);
  }
  return null;
}

function isUsable(tag: string, revision: string, names: readonly string[], findings: string[]): boolean {
  if (names.includes(tag)) {
    if (tag !== revision) findings.push(`tag ${tag} is left out: a revision has its name`);
    return false;
  }
  if (!names.includes(revision)) {
    findings.push(`tag ${tag} is left out: its revision ${revision} was not found`);
    return false;
  }
  if (isPolicyName(tag)) return true;
  findings.push(`tag ${tag} is left out: its name can not stand in a URL`);
  return false;
}

function revisionFiles(revision: FoundRevision, mesh: string): readonly (readonly [path: string, text: string])[] {
  const { name, texts, release, platform, compliancePolicy, env } = revision;
  const values = isJsonText(texts.values) ? 'values.json' : 'values.yaml';
  const spec: MeshRevisionSpec = {
    mesh,
    istio: {
      injectConfig: { file: 'inject-config.yaml' },
      values: { file: values },
      meshConfig: { file: 'mesh.yaml' },
      ...(release === null ? {} : { release }),
      ...(platform === '' ? {} : { platform }),
      ...(compliancePolicy === '' ? {} : { compliancePolicy }),
      ...(Object.keys(env).length === 0 ? {} : { env }),
    },
  };
  const comment =
    'The files beside this one are the texts of ConfigMaps istio-sidecar-injector and istio, as they are.';
  return [
    [`${name}/revision.yaml`, document('MeshRevision', name, spec, comment)],
    [`${name}/inject-config.yaml`, texts.injectConfig],
    [`${name}/${values}`, texts.values],
    [`${name}/mesh.yaml`, texts.meshConfig],
  ];
}

function document(kind: string, name: string, spec: object, comment: string): string {
  return `# ${comment}\n${stringify({ apiVersion: API_VERSION, kind, metadata: { name }, spec }, { lineWidth: 120 })}`;
}

/** Annotations of namespaces that anything decides by; others change too often, and may be nobody else's business. */
const DECIDING = /^(?:[a-z0-9.-]+\.)?(?:istio\.io|linkerd\.io|meshgate\.dev)\/|^openshift\.io\/sa\.scc\./;

function withDecidingAnnotations(cluster: ClusterSnapshotSpec): ClusterSnapshotSpec {
  const namespaces = cluster.namespaces?.map(({ name, labels = {}, annotations = {} }) => {
    const kept = Object.entries(annotations).filter(([key]) => DECIDING.test(key));
    return {
      name,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(kept.length === 0 ? {} : { annotations: Object.fromEntries(kept) }),
    };
  });
  return Object.fromEntries(
    Object.entries({ ...cluster, namespaces }).filter(([, list]) => list !== undefined && list.length > 0),
  );
}
