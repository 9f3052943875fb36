/** Prometheus queries of policy files: text with variables such as `{{ mesh }}`. */

const VARIABLE = /\{\{\s*([A-Za-z0-9_.-]*)\s*\}\}/g;
const VARIABLES = ['mesh', 'from', 'to', 'rollout', 'interval'] as const;

export type QueryVariables = Readonly<Record<(typeof VARIABLES)[number], string>>;

/** Variables of a query that stand for nothing. */
export function unknownVariables(query: string): readonly string[] {
  return [...query.matchAll(VARIABLE)]
    .map(([, name = '']) => name)
    .filter((name) => !(VARIABLES as readonly string[]).includes(name));
}

/** The query that is sent. Names of meshes, revisions and rollouts hold nothing that PromQL would read as more than text. */
export function fillQuery(query: string, variables: QueryVariables): string {
  return query.replace(VARIABLE, (whole, name: string) => {
    return Object.hasOwn(variables, name) ? variables[name as keyof QueryVariables] : whole;
  });
}
