/** What a template mesh's template sees as `.`. Pods have their Go field names (`.Spec.Containers`), as in Istio's templates. */
import { goType } from '../../kube/pod-types.ts';
import type { RevisionSource } from '../../protocol.ts';
import {
  ANY_MAP,
  type GoField,
  GoRef,
  type GoStructType,
  type GoType,
  type JsonObject,
  STRING,
  STRING_MAP,
} from '../../template/value.ts';
import type { InjectRequest } from '../provider.ts';
import { memberOf, textOf } from './members.ts';
import { ownerOf } from './owner.ts';

function struct(name: string, fields: Readonly<Record<string, GoType>>): GoStructType {
  const entries = Object.entries(fields).map(([field, type]): [string, GoField] => [
    field,
    { name: field, type, jsonName: field },
  ]);
  return { kind: 'struct', name, fields: new Map(entries) };
}

const NAMESPACE = struct('meshgate.Namespace', { Name: STRING, Labels: STRING_MAP, Annotations: STRING_MAP });
const OWNER = struct('meshgate.Owner', { Kind: STRING, Name: STRING });
const DATA = struct('meshgate.TemplateData', {
  Pod: goType('v1.Pod'),
  ObjectMeta: goType('v1.ObjectMeta'),
  Spec: goType('v1.PodSpec'),
  Values: ANY_MAP,
  Mesh: STRING,
  Revision: STRING,
  Namespace: NAMESPACE,
  Owner: OWNER,
  Params: STRING_MAP,
});

/** The builder of a revision's template data; `pod` is in its typed form. */
export function templateData(
  source: Pick<RevisionSource, 'mesh' | 'name'>,
  values: JsonObject,
): (pod: JsonObject, request: InjectRequest) => GoRef {
  return (pod, request) => {
    const metadata = memberOf(pod, 'metadata');
    const namespace = textOf(metadata, 'namespace') || request.namespace;
    const known = request.cluster.namespace;
    const owner = ownerOf(metadata, namespace, request.cluster);
    return new GoRef(DATA, {
      Pod: pod,
      ObjectMeta: metadata,
      Spec: memberOf(pod, 'spec'),
      Values: values,
      Mesh: source.mesh,
      Revision: source.name,
      Namespace: { Name: namespace, Labels: known?.labels ?? {}, Annotations: known?.annotations ?? {} },
      Owner: { Kind: owner.kind, Name: owner.name },
      Params: request.params,
    });
  };
}
