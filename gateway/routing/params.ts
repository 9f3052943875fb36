/**
 * The KEY/VALUE pairs at the end of an injection path, read as Istio's injector reads them (`parseInjectEnvs`), so that webhook
 * configurations written for it keep their meaning.
 */

/** The older form, `/inject/:ENV:k=v:ENV:k=v`; such a path can only stand in a webhook's `url`. */
const ENV_MARK = ':ENV:';

/**
 * The pairs of `rest`, the path (percent-decoded) after the claimed part and its slash. In values `--slash--` stands for a slash. A
 * last key without a value is ignored, as is an empty key; of equal keys the last one counts, in its own place.
 */
export function parseParams(rest: string): Readonly<Record<string, string>> {
  const params: Record<string, string> = Object.create(null);
  const set = (key: string, value: string): void => {
    if (key === '') return;
    delete params[key];
    params[key] = value;
  };
  const trimmed = rest.endsWith('/') ? rest.slice(0, -1) : rest;
  if (trimmed.startsWith(ENV_MARK)) {
    for (const pair of trimmed.split(ENV_MARK)) {
      const equals = pair.indexOf('=');
      if (equals > 0) set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return params;
  }
  const segments = trimmed.split('/');
  for (let i = 0; i + 1 < segments.length; i += 2) {
    set(segments[i] ?? '', (segments[i + 1] ?? '').replaceAll('--slash--', '/'));
  }
  return params;
}
