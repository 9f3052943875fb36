/**
 * The mesh configuration that is in force: Istio's defaults with the text of ConfigMap `istio`, key `mesh`, over them.
 *
 * A field that the text gives replaces the default whole, with four exceptions: `defaultConfig` is merged as merge-proxy-config.ts
 * says, `defaultProviders` field by field, `extensionProviders` by name, `trustDomainAliases` become a sorted set. The first two
 * exceptions look for the JSON name only: spelled `default_config` they are checked, but change nothing.
 */
import { compareBytes } from '../../../template/gostring.ts';
import { YamlError } from '../../../yaml/error.ts';
import { parseYamlExact } from '../../../yaml/parse.ts';
import type { YamlObject, YamlValue } from '../../../yaml/value.ts';
import { featuresAt } from '../features.ts';
import { NEWEST_MINOR } from '../releases.ts';
import type { MeshConfig } from './config.ts';
import { MessageDecoder } from './decode-message.ts';
import { defaultMeshConfig } from './default-config.ts';
import { mergeProxyDocument } from './merge-proxy-config.ts';
import type { MeshProblem } from './mesh-error.ts';
import { MeshConfigError } from './mesh-error.ts';
import { DEFAULT_PROVIDERS, MESH_CONFIG } from './mesh-schema.ts';
import type { Message } from './message.ts';
import { placeProblems } from './problem-place.ts';
import { validateMeshConfig } from './validate-mesh.ts';

/**
 * Istio's `mesh.ApplyMeshConfigDefaults` for a minor release. Throws MeshConfigError: MESH_CONFIG_SYNTAX, MESH_CONFIG_TYPE,
 * MESH_CONFIG_LIMIT, or MESH_CONFIG_INVALID where Istio's validation rejects the result.
 */
export function effectiveMeshConfig(meshText: string, minor: number = NEWEST_MINOR): MeshConfig {
  const document = readDocument(meshText);
  const decoder = new MessageDecoder(minor);
  const mesh = applyDocument(defaultMeshConfig(minor), document, decoder);
  const features = featuresAt({ line: minor, patch: 0 });
  const problems = decoder.problems.length > 0 ? decoder.problems : validateMeshConfig(mesh, features);
  if (problems.length > 0) throw new MeshConfigError(placeProblems(meshText, problems));
  return mesh;
}

/** Reads a YAML text. Throws MeshConfigError with MESH_CONFIG_SYNTAX (or MESH_CONFIG_LIMIT for a text that is too large or deep). */
export function readDocument(text: string): YamlValue {
  try {
    return parseYamlExact(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const place = error.line > 0 ? { line: error.line, column: Math.max(error.column, 1) } : {};
    const code = error.code === 'YAML_LIMIT' ? 'MESH_CONFIG_LIMIT' : 'MESH_CONFIG_SYNTAX';
    throw new MeshConfigError([{ code, path: '', message: error.message, ...place } satisfies MeshProblem]);
  }
}

function applyDocument(defaults: MeshConfig, document: YamlValue, decoder: MessageDecoder): MeshConfig {
  const given = decoder.decode(MESH_CONFIG, document, defaults) as MeshConfig;
  // Problems within these two are noted above already.
  const quiet = new MessageDecoder(decoder.minor);
  const proxyConfig = mergeProxyDocument(defaults.defaultConfig ?? {}, member(document, 'defaultConfig'), quiet);
  const providers = quiet.decode(DEFAULT_PROVIDERS, member(document, 'defaultProviders'), defaults.defaultProviders);
  return {
    ...given,
    defaultConfig: proxyConfig,
    defaultProviders: providers,
    extensionProviders: mergeExtensionProviders(defaults.extensionProviders ?? [], given.extensionProviders ?? []),
    trustDomainAliases: [...new Set(given.trustDomainAliases ?? [])].sort(compareBytes),
  };
}

function member(document: YamlValue, key: string): YamlValue {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return null;
  const object: YamlObject = document;
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null;
}

/** A provider of a known name replaces that one's settings; others follow. */
function mergeExtensionProviders(defaults: readonly Message[], given: readonly Message[]): readonly Message[] {
  const merged = [...defaults];
  if (given === defaults) return merged;
  for (const provider of given) {
    const name = provider['name'] ?? '';
    const index = merged.findIndex((known) => (known['name'] ?? '') === name);
    if (index < 0) merged.push(provider);
    // The oneof of settings goes by its Go name; a provider without any takes the old one's away.
    else merged[index] = { ...merged[index], Provider: provider['Provider'] };
  }
  return merged;
}
