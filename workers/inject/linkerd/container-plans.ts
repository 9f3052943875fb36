/**
 * Containers by plan. What Linkerd adds hangs on the pod's settings (annotations, capabilities), which few pods set, and on two things that
 * every pod has its own of: its inbound ports, and the name of its token's volume. So what is the same is made once for each
 * combination of settings, with its JSON text (json-text.ts), and a pod's containers are that with those two in their places.
 */
import { jsonText, markShared, rememberText } from '../../jsonpatch/json-text.ts';
import type { JsonObject, JsonValue } from '../../template/value.ts';
import {
  debugContainer,
  initContainer,
  networkValidator,
  proxyContainer,
  proxyVolumes,
  XTABLES_VOLUME,
} from './containers.ts';
import { INBOUND_PORTS, type ProxyContext } from './proxy-env.ts';
import type { LinkerdValues, ProxyValues, SaMount } from './values.ts';

/** Combinations of settings that a revision remembers; with more it begins anew. */
const PLAN_LIMIT = 64;
/** Settings whose text is longer are not worth remembering. */
const KEY_LENGTH = 4_096;

/** The containers of one combination of settings; what a release or the values do without is made all the same, and not asked for. */
export interface ContainerPlan {
  readonly proxy: (context: ProxyContext) => JsonObject;
  readonly init: (context: ProxyContext) => JsonObject;
  readonly validator: JsonObject;
  readonly debug: JsonObject;
}

export class ContainerPlans {
  readonly #values: LinkerdValues;
  #plans = new Map<string, ContainerPlan>();
  /** The volumes that all pods get, in order, and the one of linkerd-init. */
  readonly volumes: readonly JsonObject[];
  readonly initVolume: JsonObject = { emptyDir: {}, name: XTABLES_VOLUME };

  constructor(values: LinkerdValues) {
    this.#values = values;
    this.volumes = proxyVolumes(values);
    for (const volume of [...this.volumes, this.initVolume]) markShared(volume);
  }

  of(context: ProxyContext): ContainerPlan {
    // A name of each workload goes into its traces.
    if (this.#values.tracing?.enabled === true) return unplanned(context);
    const key = settingsKey(context.proxy, this.#values.proxy);
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = makePlan(context);
    if (key.length > KEY_LENGTH) return plan;
    if (this.#plans.size >= PLAN_LIMIT) this.#plans = new Map();
    this.#plans.set(key, plan);
    return plan;
  }
}

/** Members that a plan does without: the token's mount is the pod's own, and labels of traces that are not made are not used. */
const LEFT_OUT: ReadonlySet<string> = new Set(['saMount', 'traceLabels'] satisfies (keyof ProxyValues)[]);

/** What the settings have that the values have not. */
function settingsKey(proxy: Readonly<ProxyValues>, values: Readonly<ProxyValues>): string {
  let key = '';
  for (const name in proxy) {
    const member = name as keyof ProxyValues;
    const value = proxy[member];
    if (value === values[member] || LEFT_OUT.has(member)) continue;
    key += `${name}=${typeof value === 'bigint' ? String(value) : JSON.stringify(value)};`;
  }
  return key;
}

function unplanned(context: ProxyContext): ContainerPlan {
  return {
    proxy: proxyContainer,
    init: initContainer,
    validator: networkValidator(context),
    debug: debugContainer(context),
  };
}

function makePlan(context: ProxyContext): ContainerPlan {
  const general: ProxyContext = { ...context, proxy: { ...context.proxy, saMount: null }, podInboundPorts: '' };
  const validator = networkValidator(general);
  const debug = debugContainer(general);
  markShared(validator);
  markShared(debug);
  return { proxy: planProxy(general), init: planMounted(initContainer(general)), validator, debug };
}

function planProxy(general: ProxyContext): (context: ProxyContext) => JsonObject {
  const container = proxyContainer(general);
  const withMount = planMounted(container);
  const env = container['env'] as JsonObject[];
  const at = general.proxy.inboundPorts === null ? env.findIndex(({ name }) => name === INBOUND_PORTS) : -1;
  markShared(env);
  if (at < 0) return withMount;
  const head = env.slice(0, at);
  const tail = env.slice(at + 1);
  const before = `[${head.map((each) => `${jsonText(each)},`).join('')}`;
  const after = `${tail.map((each) => `,${jsonText(each)}`).join('')}]`;
  return (context) => {
    const ports: JsonObject = { name: INBOUND_PORTS, value: context.podInboundPorts };
    const own = [...head, ports, ...tail];
    rememberText(own, before + jsonText(ports) + after);
    return { ...withMount(context), env: own };
  };
}

/** The container with the pod's token mounted, where it has one. */
function planMounted(container: JsonObject): ({ proxy }: ProxyContext) => JsonObject {
  const mounts = container['volumeMounts'] as JsonObject[];
  for (const part of [...Object.values(container), ...mounts]) markShared(part as JsonValue);
  return ({ proxy }) =>
    proxy.saMount === null ? container : { ...container, volumeMounts: [...mounts, mountOf(proxy.saMount)] };
}

function mountOf(mount: SaMount): JsonObject {
  return { ...mount };
}
