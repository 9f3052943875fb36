/** Kubernetes' named formats of texts (`format.dns1123Label()`), with what the apiserver says of a text that has not the format. */
import { Buffer } from 'node:buffer';
import { FuncError } from '../../../template/func.ts';
import { checkRequestUrl } from '../../../template/funcs/sprig/url.ts';
import { toByteString } from '../../../template/gostring.ts';
import { quote } from '../../../template/quote.ts';
import { noSuchOverload } from '../error.ts';
import { asText, declared, type FunctionTable, listOf } from '../function.ts';
import { CelOpaque, CelOptional, type CelValue, NONE } from '../value.ts';

/** What is wrong with a text; empty when it has the format. */
type Validate = (text: string) => readonly string[];

class CelFormat extends CelOpaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly validate: Validate;
  constructor(name: string, validate: Validate) {
    super();
    this.name = name;
    this.validate = validate;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelFormat && other.name === this.name;
  }
}

/** A pattern for whole texts, and how a text that does not match is told. */
interface Rule {
  readonly pattern: string;
  readonly sentence: string;
  readonly examples: readonly string[];
}

const LABEL_PATTERN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const NAME_PATTERN = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL: Rule = {
  pattern: LABEL_PATTERN,
  sentence:
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  examples: ['my-name', '123-abc'],
};
const SUBDOMAIN: Rule = {
  pattern: `${LABEL_PATTERN}(\\.${LABEL_PATTERN})*`,
  sentence:
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  examples: ['example.com'],
};
const LABEL_1035: Rule = {
  pattern: '[a-z]([-a-z0-9]*[a-z0-9])?',
  sentence:
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  examples: ['my-name', 'abc-123'],
};
const NAME: Rule = {
  pattern: NAME_PATTERN,
  sentence:
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyName', 'my.name', '123-abc'],
};
const LABEL_VALUE: Rule = {
  pattern: `(${NAME_PATTERN})?`,
  sentence:
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  examples: ['MyValue', 'my_value', '12345'],
};
/** In bytes. */
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

function sentenceOf({ pattern, sentence, examples }: Rule): string {
  const listed = examples.map((example) => `'${example}', `).join(' or ');
  return `${sentence} (e.g. ${listed}regex used for validation is '${pattern}')`;
}

/** Errors of length first. The patterns match in time linear in the text. */
function ruled(rule: Rule, limit: number): Validate {
  const pattern = new RegExp(`^(?:${rule.pattern})$`);
  return (text) => [
    ...(Buffer.byteLength(text) > limit ? [`must be no more than ${limit} characters`] : []),
    ...(pattern.test(text) ? [] : [sentenceOf(rule)]),
  ];
}

/** For the beginning of a name that something is put after: a dash at its end is none of the name's. */
function prefixOf(validate: Validate): Validate {
  return (text) => validate(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text);
}

const isLabel = ruled(LABEL, MAX_LABEL);
const isSubdomain = ruled(SUBDOMAIN, MAX_SUBDOMAIN);
const isLabel1035 = ruled(LABEL_1035, MAX_LABEL);
const isName = ruled(NAME, MAX_LABEL);

function isQualifiedName(text: string): readonly string[] {
  const parts = text.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) {
    return [
      `a qualified name ${sentenceOf(NAME)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = second ?? first;
  const ofPrefix = second === undefined ? [] : first === '' ? ['must be non-empty'] : isSubdomain(first);
  const ofName = [...(name === '' ? ['must be non-empty'] : []), ...isName(name)];
  return [...ofPrefix.map((each) => `prefix part ${each}`), ...ofName.map((each) => `name part ${each}`)];
}

function isUri(text: string): readonly string[] {
  try {
    checkRequestUrl(toByteString(text));
    return [];
  } catch (error) {
    if (error instanceof FuncError) return [`parse ${quote(text)}: ${error.message}`];
    throw error;
  }
}

function matching(pattern: RegExp, says: string): Validate {
  return (text) => (pattern.test(text) ? [] : [says]);
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const CLOCK = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$/;

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** Upstream looks at what stands between the first two letters `t`, whatever comes after. */
function isDateTime(text: string): boolean {
  const [date = '', clock = ''] = text.toLowerCase().split('t');
  const [, hours = '', minutes = '', seconds = ''] = CLOCK.exec(clock) ?? [];
  return isDate(date) && hours !== '' && hours <= '23' && minutes <= '59' && seconds <= '59';
}

const FORMATS: ReadonlyMap<string, CelFormat> = new Map(
  (
    [
      ['dns1123Label', isLabel],
      ['dns1123Subdomain', isSubdomain],
      ['dns1035Label', isLabel1035],
      ['qualifiedName', isQualifiedName],
      ['dns1123LabelPrefix', prefixOf(isLabel)],
      ['dns1123SubdomainPrefix', prefixOf(isSubdomain)],
      ['dns1035LabelPrefix', prefixOf(isLabel1035)],
      ['labelValue', ruled(LABEL_VALUE, MAX_LABEL)],
      ['uri', isUri],
      ['uuid', matching(UUID, 'does not match the UUID format')],
      ['byte', matching(BASE64, 'invalid base64')],
      ['date', (text) => (isDate(text) ? [] : ['invalid date'])],
      ['datetime', (text) => (isDateTime(text) ? [] : ['invalid datetime'])],
    ] satisfies [string, Validate][]
  ).map(([name, validate]) => [name, new CelFormat(name, validate)]),
);

const TYPE = 'kubernetes.NamedFormat';

function named(value: CelValue | undefined): CelValue {
  const format = FORMATS.get(asText(value));
  return format === undefined ? NONE : new CelOptional(format);
}

export const FORMAT_FUNCTIONS: FunctionTable = new Map([
  ['format.named', declared([`FormatNamespace.named(string): optional<${TYPE}>`], ([name]) => named(name))],
  ...Array.from(
    FORMATS,
    ([name, format]) => [`format.${name}`, declared([`FormatNamespace.${name}(): ${TYPE}`], () => format)] as const,
  ),
  [
    '.validate',
    declared([`${TYPE}.validate(string): optional<list<string>>`], ([format, value], context) => {
      if (!(format instanceof CelFormat)) throw noSuchOverload();
      const text = asText(value);
      context.budget.spendUnits(text.length);
      const problems = format.validate(text);
      return problems.length === 0 ? NONE : new CelOptional(listOf(problems, context));
    }),
  ],
]);
