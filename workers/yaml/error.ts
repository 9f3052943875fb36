/**
 * What reading or writing YAML can fail with. Codes are matched, never messages.
 *
 * - `YAML_SYNTAX`: the text is no YAML that Kubernetes' tools can read.
 * - `YAML_TYPE`: it is YAML, but holds something JSON has no place for (a list as a key, infinity, a bad `!!int` …).
 * - `YAML_LIMIT`: too large, too deep, or too much of it made by aliases.
 * - `YAML_DUPLICATE_KEY`: a key occurs twice in a mapping; only where the caller asked for unique keys.
 */
export type YamlErrorCode = 'YAML_SYNTAX' | 'YAML_TYPE' | 'YAML_LIMIT' | 'YAML_DUPLICATE_KEY';

export class YamlError extends Error {
  override readonly name = 'YamlError';
  readonly code: YamlErrorCode;
  /** 1-based; 0 where the problem has no place of its own in the text. */
  readonly line: number;
  /** 1-based, in UTF-16 code units; 0 where unknown. */
  readonly column: number;
  /** The message without the place. */
  readonly problem: string;
  constructor(code: YamlErrorCode, problem: string, line = 0, column = 0) {
    super(line > 0 ? `yaml: line ${line}: ${problem}` : `yaml: ${problem}`);
    this.code = code;
    this.problem = problem;
    this.line = line;
    this.column = column;
  }
}
