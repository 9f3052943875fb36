import type { JsonValue } from '../template/value.ts';
import { prepareSource } from './characters.ts';
import { type ComposeOptions, Composer } from './composer.ts';
import { YamlError } from './error.ts';
import { MAX_YAML_LENGTH } from './limits.ts';
import type { YamlValue } from './value.ts';

const JSON_VALUES: ComposeOptions = { exactIntegers: false, uniqueKeys: false };
const EXACT_VALUES: ComposeOptions = { exactIntegers: true, uniqueKeys: false };
const UNIQUE_KEYS: ComposeOptions = { exactIntegers: false, uniqueKeys: true };

/**
 * Reads the first document of a YAML text as sigs.k8s.io/yaml v1.6.0's YAMLToJSON does (with go.yaml.in/yaml/v2), so as
 * Istio, Linkerd and kubectl do: YAML 1.1 words and numbers (`Y` is true, `1_000` is 1000, `12:30` is a string), merge keys,
 * the last of equal keys wins, keys become strings. Integers beyond 2^53 lose precision as in JSON.parse. Aliases give copies.
 *
 * Known differences, both only in texts that upstream mistreats: a control character anywhere is an error, where upstream does
 * not notice it more than 512 bytes behind the first document; and a byte order mark inside the text does not make upstream's
 * scanner skip the first letter of lines.
 *
 * Throws YamlError with YAML_SYNTAX, YAML_TYPE or YAML_LIMIT.
 */
export function parseYaml(text: string): JsonValue {
  return compose(text, JSON_VALUES) as JsonValue;
}

/** The same, with integers that no number holds exactly as bigints; marshalYaml writes them back digit for digit. */
export function parseYamlExact(text: string): YamlValue {
  return compose(text, EXACT_VALUES);
}

/** The same as parseYaml, but a repeated key is an error (YAML_DUPLICATE_KEY), also where a merge key repeats it: YAMLToJSONStrict. */
export function parseYamlStrict(text: string): JsonValue {
  return compose(text, UNIQUE_KEYS) as JsonValue;
}

function compose(text: string, options: ComposeOptions): YamlValue {
  if (text.length > MAX_YAML_LENGTH) {
    throw new YamlError('YAML_LIMIT', `text is longer than ${MAX_YAML_LENGTH} characters`);
  }
  const source = prepareSource(text);
  if (source.forbiddenAt >= 0) {
    const before = source.text.slice(0, source.forbiddenAt).split('\n');
    throw new YamlError(
      'YAML_SYNTAX',
      'control characters are not allowed',
      before.length,
      (before.at(-1)?.length ?? 0) + 1,
    );
  }
  return new Composer(source, options).compose();
}
