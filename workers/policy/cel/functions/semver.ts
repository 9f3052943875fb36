/** Kubernetes' semantic versions in CEL, as github.com/blang/semver/v4 reads and orders them; and the order of quantities. */
import { compareVersions, parseVersion, type Version } from '../../../template/funcs/sprig/semver-version.ts';
import { noSuchOverload, runtimeError } from '../error.ts';
import { asBool, asText, declared, type FunctionTable } from '../function.ts';
import { CelOpaque, type CelValue } from '../value.ts';
import { CelQuantity, orderQuantities } from './quantity.ts';

class CelSemver extends CelOpaque {
  readonly typeName = 'kubernetes.Semver';
  readonly version: Version;
  constructor(version: Version) {
    super();
    this.version = version;
  }
  override equals(other: CelOpaque): boolean {
    return other instanceof CelSemver && compareVersions(this.version, other.version) === 0;
  }
}

/** Three numbers without zeros in front. */
const STRICT = /^(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:[-+]|$)/;

/** `v1.02` → `1.2.0`: the prefix goes, missing numbers are 0, zeros in front go. */
function normalized(text: string): string {
  const bare = text.startsWith('v') ? text.slice(1) : text;
  const end = bare.search(/[-+]/);
  const numbers = (end < 0 ? bare : bare.slice(0, end)).split('.');
  const rest = end < 0 ? '' : bare.slice(end);
  while (numbers.length < 3) numbers.push('0');
  return numbers.map((each) => each.replace(/^0+(?=[0-9])/, '')).join('.') + rest;
}

/** Null for a text that is no version. */
function parse(text: string, normalize: boolean): Version | null {
  const wanted = normalize ? normalized(text) : text;
  if (!STRICT.test(wanted)) return null;
  try {
    return parseVersion(wanted);
  } catch {
    return null;
  }
}

function read([text, normalize]: readonly CelValue[]): CelSemver {
  const version = parse(asText(text), normalize === undefined ? false : asBool(normalize));
  if (version === null) throw runtimeError(`${JSON.stringify(text)} is no semantic version`);
  return new CelSemver(version);
}

function versionOf(value: CelValue | undefined): Version {
  if (!(value instanceof CelSemver)) throw noSuchOverload();
  return value.version;
}

function order([a, b]: readonly CelValue[]): number {
  return a instanceof CelQuantity ? orderQuantities(a, b) : compareVersions(versionOf(a), versionOf(b));
}

const TYPE = 'kubernetes.Semver';
const QUANTITY = 'kubernetes.Quantity';

function forBoth(name: string, result: string): string[] {
  return [`${TYPE}.${name}(${TYPE}): ${result}`, `${QUANTITY}.${name}(${QUANTITY}): ${result}`];
}

export const SEMVER_FUNCTIONS: FunctionTable = new Map([
  ['semver', declared([`semver(string): ${TYPE}`, `semver(string, bool): ${TYPE}`], read)],
  [
    'isSemver',
    declared(['isSemver(string): bool', 'isSemver(string, bool): bool'], ([text, normalize]) => {
      return parse(asText(text), normalize === undefined ? false : asBool(normalize)) !== null;
    }),
  ],
  ['.major', declared([`${TYPE}.major(): int`], ([value]) => versionOf(value).major)],
  ['.minor', declared([`${TYPE}.minor(): int`], ([value]) => versionOf(value).minor)],
  ['.patch', declared([`${TYPE}.patch(): int`], ([value]) => versionOf(value).patch)],
  ['.isLessThan', declared(forBoth('isLessThan', 'bool'), (args) => order(args) < 0)],
  ['.isGreaterThan', declared(forBoth('isGreaterThan', 'bool'), (args) => order(args) > 0)],
  ['.compareTo', declared(forBoth('compareTo', 'int'), (args) => BigInt(order(args)))],
]);
