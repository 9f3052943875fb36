/** A template's output as what it means: the overlay that is merged into a pod. */
import { compileTemplate, type TemplateSet } from '../../template/engine.ts';
import type { FuncMap } from '../../template/func.ts';
import type { GoRef, JsonObject } from '../../template/value.ts';
import { YamlError } from '../../yaml/error.ts';
import { parseYaml } from '../../yaml/parse.ts';

/**
 * Renders and reads the overlay. The result is not the caller's to change: it may be shared between calls. Throws
 * TemplateError, or YamlError where the output is no mapping. Empty output is an empty overlay.
 */
export type Overlay = (data: GoRef) => JsonObject;

/** Compiles a template of an inject configuration. Throws TemplateError with code TEMPLATE_SYNTAX. */
export function compileOverlay(text: string, funcs: FuncMap): Overlay {
  const set: TemplateSet = compileTemplate('inject', text, funcs);
  return (data) => readOverlay(set.render(data));
}

function readOverlay(text: string): JsonObject {
  const value = parseYaml(text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new YamlError('YAML_TYPE', 'not a mapping');
  return value;
}
