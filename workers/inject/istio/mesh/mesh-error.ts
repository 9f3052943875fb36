/**
 * What can be wrong with a mesh configuration or a proxy configuration. Match `code`, not the message.
 */
export type MeshProblemCode =
  /** The text is no YAML. */
  | 'MESH_CONFIG_SYNTAX'
  /** A value has the wrong type, or an enum has no such value. */
  | 'MESH_CONFIG_TYPE'
  /** The types are right, but Istio's validation rejects the values. */
  | 'MESH_CONFIG_INVALID'
  /** Larger or deeper than a configuration may be. */
  | 'MESH_CONFIG_LIMIT';

export interface MeshProblem {
  readonly code: MeshProblemCode;
  /** Where in the document, as `defaultConfig.tracing.zipkin`; '' for the whole. */
  readonly path: string;
  /** Without the path. */
  readonly message: string;
  /** 1-based position in the text, where known. */
  readonly line?: number;
  readonly column?: number;
}

/** Thrown with every problem found (never none), in the order of the schema. */
export class MeshConfigError extends Error {
  override readonly name = 'MeshConfigError';
  readonly problems: readonly MeshProblem[];
  constructor(problems: readonly MeshProblem[]) {
    super(problems.map(problemText).join('; '));
    this.problems = problems;
  }
}

/** A problem as one sentence. */
export function problemText(problem: MeshProblem): string {
  return problem.path === '' ? problem.message : `${problem.path}: ${problem.message}`;
}
