/** Errors in YAML as Go's tools print them (go.yaml.in/yaml/v2), for commands whose messages people know from there. */
import type { YamlError } from '../../workers/yaml/error.ts';

/** Errors of the parser, which takes the line's index for its number; those of the scanner have the number. */
const PARSER_PROBLEM =
  /^(?:did not find expected (?:key|node content|<document start>|'-' indicator|',' or '[\]}]')|found (?:duplicate %(?:YAML|TAG) directive|incompatible YAML document|undefined tag handle))$/;
/** What is found while the nodes become values has no place at all. */
const DECODER_PROBLEM =
  /^(?:unknown anchor |anchor '.*' value contains itself|document contains excessive aliasing|map merge requires|cannot decode )/;

/** The message without what a tool puts before it. Errors that only Go's own types can word differ. */
export function goYamlMessage({ problem, line, code }: YamlError): string {
  const unsupported = /^(-)?(Infinity|NaN) has no place in JSON$/.exec(problem);
  if (unsupported !== null) {
    const value = unsupported[2] === 'NaN' ? 'NaN' : `${unsupported[1] ?? '+'}Inf`;
    return `json: unsupported value: ${value}`;
  }
  const undecoded = /^cannot decode (\S+) (".*") as (\S+)$/.exec(problem);
  if (undecoded !== null) {
    return `yaml: cannot decode !!${undecoded[1]} \`${JSON.parse(undecoded[2] ?? '""')}\` as a !!${undecoded[3]}`;
  }
  if (code === 'YAML_LIMIT' || code === 'YAML_TYPE' || DECODER_PROBLEM.test(problem)) return `yaml: ${problem}`;
  const shown = PARSER_PROBLEM.test(problem) ? line - 1 : line;
  return line <= 1 || shown <= 0 ? `yaml: ${problem}` : `yaml: line ${shown}: ${problem}`;
}
