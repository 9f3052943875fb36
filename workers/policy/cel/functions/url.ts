/** Kubernetes' URLs in CEL: absolute addresses or absolute paths, as Go's net/url takes them apart. */

import { checkRequestUrl, escapedPath, hostnameOf, parseUrl } from '../../../template/funcs/sprig/url.ts';
import { fromByteString, toByteString } from '../../../template/gostring.ts';
import { noSuchOverload, runtimeError } from '../error.ts';
import { asText, declared, type FunctionTable, listOf } from '../function.ts';
import { CelMap, CelOpaque, type CelValue } from '../value.ts';

type Parsed = ReturnType<typeof parseUrl>;

class CelUrl extends CelOpaque {
  readonly typeName = 'kubernetes.URL';
  readonly text: string;
  readonly url: Parsed;
  constructor(text: string, url: Parsed) {
    super();
    this.text = text;
    this.url = url;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelUrl && other.text === this.text;
  }
}

/** Null for what is neither an absolute URL nor an absolute path. */
function parse(text: string): Parsed | null {
  try {
    const bytes = toByteString(text);
    checkRequestUrl(bytes);
    return parseUrl(bytes);
  } catch {
    return null;
  }
}

function read(value: CelValue | undefined): CelUrl {
  const text = asText(value);
  const url = parse(text);
  if (url === null) throw runtimeError(`URL parse error during conversion from string: ${JSON.stringify(text)}`);
  return new CelUrl(text, url);
}

function part(name: string, of: (url: Parsed) => string) {
  return declared([`kubernetes.URL.${name}(): string`], ([value]) => {
    if (!(value instanceof CelUrl)) throw noSuchOverload();
    return fromByteString(of(value.url));
  });
}

function portOf(host: string): string {
  return /:([0-9]*)$/.exec(host.replace(/^\[.*\]/, ''))?.[1] ?? '';
}

/** A key or value of a query, unescaped; null where an escape is malformed, which Go leaves out. */
function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

export const URL_FUNCTIONS: FunctionTable = new Map([
  ['url', declared(['url(string): kubernetes.URL'], ([text]) => read(text))],
  ['isURL', declared(['isURL(string): bool'], ([text]) => parse(asText(text)) !== null)],
  ['.getScheme', part('getScheme', (url) => url.scheme)],
  ['.getHost', part('getHost', (url) => url.host)],
  ['.getHostname', part('getHostname', (url) => hostnameOf(url.host))],
  ['.getPort', part('getPort', (url) => portOf(url.host))],
  ['.getEscapedPath', part('getEscapedPath', escapedPath)],
  [
    '.getQuery',
    declared(['kubernetes.URL.getQuery(): map<string, list<string>>'], ([value], context) => {
      if (!(value instanceof CelUrl)) throw noSuchOverload();
      const values = new Map<string, string[]>();
      for (const pair of fromByteString(value.url.query).split('&')) {
        const [key = '', text = ''] = pair.split(/=(.*)/s);
        const name = unescaped(key);
        const decoded = unescaped(text);
        if (pair === '' || name === null || decoded === null || pair.includes(';')) continue;
        values.set(name, [...(values.get(name) ?? []), decoded]);
      }
      const made = new CelMap();
      for (const [name, texts] of values) made.add(name, listOf(texts, context));
      return made;
    }),
  ],
]);
