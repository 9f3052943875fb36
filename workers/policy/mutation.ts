/** What a policy does to a pod: a JSON patch, an overlay that is merged, or a Go template that makes such an overlay. */

import { templateData } from '../inject/template/data.ts';
import { overlayFault } from '../inject/template/overlay-check.ts';
import { applyPatch } from '../jsonpatch/apply.ts';
import { PatchError } from '../jsonpatch/operation.ts';
import { parsePatch } from '../jsonpatch/parse-patch.ts';
import { normalizePod, TypedPodError } from '../kube/typed-pod.ts';
import { MergeError } from '../merge/merge-error.ts';
import { strategicMergePatch } from '../merge/strategic-merge.ts';
import type { ClusterContext } from '../protocol.ts';
import { compileTemplate } from '../template/engine.ts';
import { TemplateError } from '../template/errors.ts';
import { helmFuncs } from '../template/funcs/helm.ts';
import { sprigFuncs } from '../template/funcs/sprig.ts';
import { isJsonObject, type JsonObject } from '../template/value.ts';
import { YamlError } from '../yaml/error.ts';
import { parseYaml } from '../yaml/parse.ts';
import type { MutationSource } from './policy-source.ts';
import type { PolicyPath, PolicyProblems } from './problem.ts';
import type { PolicyRequest } from './request.ts';

/** A template of a policy runs for each pod it matches. */
const TEMPLATE_LIMITS = { steps: 500_000, outputLength: 1024 * 1024 };

/** A mutation that does not work on a pod; its message says why. */
export class MutationError extends Error {
  override readonly name = 'MutationError';
}

export interface MutationContext {
  readonly request: PolicyRequest;
  readonly cluster: ClusterContext;
  readonly params: Readonly<Record<string, string>>;
}

/** Returns the pod as it is to be; the argument is not changed. Throws MutationError. */
export type Mutate = (pod: JsonObject, context: MutationContext) => JsonObject;

/** Null, and a problem, for a mutation that can not be used. */
export function compileMutation(
  source: MutationSource,
  policy: string,
  path: PolicyPath,
  problems: PolicyProblems,
): Mutate | null {
  switch (source.type) {
    case 'jsonPatch':
      return compilePatch(source.operations, [...path, 'operations'], problems);
    case 'merge': {
      const fault = overlayFault(source.overlay);
      if (fault !== null) {
        problems.add('POLICY_MUTATION_INVALID', fault, [...path, 'overlay']);
        return null;
      }
      return (pod) => merged(pod, source.overlay);
    }
    case 'template':
      return compileOverlayTemplate(source.text, policy, [...path, 'text'], problems);
  }
}

function compilePatch(operations: unknown, path: PolicyPath, problems: PolicyProblems): Mutate | null {
  try {
    const patch = parsePatch(operations);
    return (pod) => {
      try {
        return applyPatch(pod, patch) as JsonObject;
      } catch (error) {
        if (error instanceof PatchError) throw new MutationError(`the JSON patch does not apply: ${error.message}`);
        throw error;
      }
    };
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    problems.add('POLICY_MUTATION_INVALID', error.message, error.index < 0 ? path : [...path, error.index]);
    return null;
  }
}

function merged(pod: JsonObject, overlay: JsonObject): JsonObject {
  try {
    return strategicMergePatch(pod, overlay);
  } catch (error) {
    if (error instanceof MergeError) throw new MutationError(`the overlay can not be merged: ${error.message}`);
    throw error;
  }
}

function compileOverlayTemplate(
  text: string,
  policy: string,
  path: PolicyPath,
  problems: PolicyProblems,
): Mutate | null {
  try {
    const funcs = new Map([...sprigFuncs(), ...helmFuncs()]);
    const template = compileTemplate(policy, text, funcs, { limits: TEMPLATE_LIMITS });
    return (pod, { request, cluster, params }) => {
      const dataOf = templateData({ mesh: request.mesh, name: policy }, {});
      const { described, namespace } = request;
      const data = {
        uid: '',
        kind: KIND,
        namespace,
        operation: String(described['operation']),
        object: pod,
        params,
        cluster,
      };
      return merged(
        pod,
        overlayOf(() => template.render(dataOf(normalizePod(pod), data))),
      );
    };
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const position = error.line > 0 ? { line: error.line, column: error.column } : {};
    problems.add(error.code, error.detail, path, position);
    return null;
  }
}

const KIND = { group: '', version: 'v1', kind: 'Pod' };

function overlayOf(render: () => string): JsonObject {
  try {
    const overlay = parseYaml(render()) ?? {};
    if (!isJsonObject(overlay)) throw new MutationError('what the template made is no mapping');
    const fault = overlayFault(overlay);
    if (fault !== null) throw new MutationError(`what the template made is no overlay: ${fault}`);
    return overlay;
  } catch (error) {
    const known = error instanceof TemplateError || error instanceof YamlError || error instanceof TypedPodError;
    if (known) throw new MutationError(`the template failed: ${error.message}`);
    throw error;
  }
}
