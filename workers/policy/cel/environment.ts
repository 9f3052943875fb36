/**
 * What expressions may name, for the checker: the variables of an admission request with the types that the apiserver gives them, and
 * the functions of functions/. Parsing and checking are the library's; evaluating is ours (see docs/adr/0016-pod-policies.md).
 */
import { Environment } from '@marcbachmann/cel-js';
import { registerMacros } from './check-macros.ts';
import { FUNCTIONS, NAMESPACES } from './functions/all.ts';
import { MAX_AST_DEPTH, MAX_AST_NODES, MAX_CALL_ARGUMENTS, MAX_LITERAL_ELEMENTS } from './limits.ts';

const OPAQUE_TYPES = [
  'kubernetes.Quantity',
  'kubernetes.Semver',
  'kubernetes.URL',
  'kubernetes.NamedFormat',
  'net.IP',
  'net.CIDR',
];

const GROUP_VERSION_KIND = { group: 'string', version: 'string', kind: 'string' };
const GROUP_VERSION_RESOURCE = { group: 'string', version: 'string', resource: 'string' };

/** Types of objects by name, in an order in which each names only those before it. */
const OBJECT_TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kubernetes.GroupVersionKind': GROUP_VERSION_KIND,
  'kubernetes.GroupVersionResource': GROUP_VERSION_RESOURCE,
  'kubernetes.UserInfo': {
    username: 'string',
    uid: 'string',
    groups: 'list<string>',
    extra: 'map<string, list<string>>',
  },
  'kubernetes.AdmissionRequest': {
    kind: 'kubernetes.GroupVersionKind',
    resource: 'kubernetes.GroupVersionResource',
    subResource: 'string',
    requestKind: 'kubernetes.GroupVersionKind',
    requestResource: 'kubernetes.GroupVersionResource',
    requestSubResource: 'string',
    name: 'string',
    namespace: 'string',
    operation: 'string',
    userInfo: 'kubernetes.UserInfo',
    dryRun: 'bool',
    options: 'dyn',
  },
  'kubernetes.NamespaceMetadata': {
    name: 'string',
    generateName: 'string',
    namespace: 'string',
    labels: 'map<string, string>',
    annotations: 'map<string, string>',
    UID: 'string',
    creationTimestamp: 'dyn',
    deletionGracePeriodSeconds: 'int',
    deletionTimestamp: 'dyn',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list<string>',
  },
  'kubernetes.NamespaceSpec': { finalizers: 'list<string>' },
  'kubernetes.NamespaceStatus': { conditions: 'list<dyn>', phase: 'string' },
  'kubernetes.Namespace': {
    metadata: 'kubernetes.NamespaceMetadata',
    spec: 'kubernetes.NamespaceSpec',
    status: 'kubernetes.NamespaceStatus',
  },
};

/** The value of a name space is never read. */
class NamespaceMark {}

/**
 * The checker gives a method of a receiver that may be anything (`object.spec.containers.first()`) what all of its declarations have in
 * common, and leaves the type of elements open there, which nothing can be read from. One more declaration, for a type that no
 * value has, makes it anything.
 */
const ANY_RECEIVER = 'kubernetes.AnyReceiver';
/** A method of lists whose result depends on their elements; captures its name and parameters. */
const ELEMENT_METHOD = /^list<.*\bA\b.*>\.(\w+\([^)]*\)): .*\bA\b/;

const VARIABLES_TYPE = 'kubernetes.variables';

/** Names of variables that every expression may use. */
export const ROOT_VARIABLES = ['object', 'oldObject', 'request', 'namespaceObject'] as const;
export type RootVariable = (typeof ROOT_VARIABLES)[number];

/** An environment without variables of a policy; others are made from it. */
export function createEnvironment(): Environment {
  const environment = new Environment({
    enableOptionalTypes: true,
    // `format` takes lists of anything. The apiserver excepts just those; here all lists and maps may be mixed.
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: MAX_AST_NODES,
      maxDepth: MAX_AST_DEPTH,
      maxListElements: MAX_LITERAL_ELEMENTS,
      maxMapEntries: MAX_LITERAL_ELEMENTS,
      maxCallArguments: MAX_CALL_ARGUMENTS,
    },
  });
  for (const name of OPAQUE_TYPES) {
    environment.registerType(name, class extends NamespaceMark {});
    environment.registerOperator(`${name} == ${name}`, never);
  }
  environment.registerType(ANY_RECEIVER, class extends NamespaceMark {});
  for (const [name, fields] of Object.entries(OBJECT_TYPES)) environment.registerType(name, { fields });
  for (const name of NAMESPACES) {
    if (name === 'optional') continue;
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Namespace`;
    environment.registerType(type, class extends NamespaceMark {});
    environment.registerVariable(name, type);
  }
  registerMacros(environment);
  for (const { declares } of FUNCTIONS.values()) {
    for (const signature of declares) {
      environment.registerFunction(signature, never);
      const ofElements = ELEMENT_METHOD.exec(signature);
      if (ofElements !== null) environment.registerFunction(`${ANY_RECEIVER}.${ofElements[1]}: dyn`, never);
    }
  }
  environment.registerFunction(`${ANY_RECEIVER}.value(): dyn`, never);
  environment.registerOperator('optional<A> == optional<A>', never);
  return environment
    .registerVariable('object', 'dyn')
    .registerVariable('oldObject', 'dyn')
    .registerVariable('request', 'kubernetes.AdmissionRequest')
    .registerVariable('namespaceObject', 'kubernetes.Namespace');
}

/** The environment with a policy's variables so far, by name, with their types. */
export function withVariables(base: Environment, types: ReadonlyMap<string, string>): Environment {
  return base
    .clone()
    .registerType(VARIABLES_TYPE, { fields: Object.fromEntries(types) })
    .registerVariable('variables', VARIABLES_TYPE);
}

function never(): never {
  throw new TypeError('the checker evaluates nothing');
}
