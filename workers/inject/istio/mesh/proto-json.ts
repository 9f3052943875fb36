/**
 * The templates' `protoToJSON`: a message as JSON, of which a ProxyConfig leaves out what equals Istio's defaults.
 */
import type { ProxyConfig } from './config.ts';
import { defaultProxyConfig } from './default-config.ts';
import { encodeMessage } from './encode-message.ts';
import { PROXY_CONFIG } from './mesh-schema.ts';
import type { FieldSchema, Message, MessageSchema } from './message.ts';
import { fieldValue, isSet } from './message.ts';

/** The fields that are compared with the defaults; every other field is written wherever it is set. */
const COMPARED: readonly FieldSchema[] = [
  'configPath',
  'binaryPath',
  'controlPlaneAuthPolicy',
  'serviceCluster',
  'drainDuration',
  'terminationDrainDuration',
  'discoveryAddress',
  'envoyMetricsService',
  'envoyAccessLogService',
  'tracing',
  'proxyAdminPort',
  'statNameLength',
  'statusPort',
  'concurrency',
].map(proxyField);

function proxyField(jsonName: string): FieldSchema {
  const field = PROXY_CONFIG.fields.find((candidate) => candidate.jsonName === jsonName);
  if (field === undefined) throw new Error(`ProxyConfig has no field ${jsonName}`);
  return field;
}

/** Writes messages for one release of Istio, whose defaults it knows. */
export class ProtoJsonWriter {
  readonly #defaults: ProxyConfig;
  readonly #defaultTexts: ReadonlyMap<FieldSchema, string>;

  constructor(minor: number) {
    this.#defaults = defaultProxyConfig(minor);
    const messages = COMPARED.filter((field) => field.message !== null && isSet(this.#defaults, field));
    this.#defaultTexts = new Map(messages.map((field) => [field, textOf(field, this.#defaults)]));
  }

  /** A message as JSON on one line, without a newline at the end. */
  write(schema: MessageSchema, message: Message): string {
    return encodeMessage(schema, schema === PROXY_CONFIG ? this.#withoutDefaults(message) : message);
  }

  #withoutDefaults(config: Message): Message {
    const cleaned: Record<string, unknown> = { ...config };
    for (const field of COMPARED) {
      if (!isSet(config, field) || !this.#isDefault(config, field)) continue;
      cleaned[field.oneof === null ? field.jsonName : field.oneof.goName] = undefined;
    }
    return cleaned;
  }

  #isDefault(config: Message, field: FieldSchema): boolean {
    if (field.message === null) return fieldValue(config, field) === fieldValue(this.#defaults, field);
    // Equal messages have equal JSON: unset fields and zero values are one and the same to both.
    return textOf(field, config) === this.#defaultTexts.get(field);
  }
}

function textOf(field: FieldSchema, message: Message): string {
  return encodeMessage(field.message ?? PROXY_CONFIG, fieldValue(message, field) as Message);
}
