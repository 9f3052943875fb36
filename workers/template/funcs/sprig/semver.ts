/**
 * sprig's semver and semverCompare, and the *semver.Version that templates get.
 */
import type { GoFunc } from '../../func.ts';
import { FuncError } from '../../func.ts';
import type { GoField, GoMethod, GoPointerType, GoScalarType, GoStructType, GoValue } from '../../value.ts';
import { GoNumber, GoRef, STRING } from '../../value.ts';
import { fn1, fn2, text } from '../signature.ts';
import { parseConstraint, satisfies } from './semver-constraint.ts';
import type { Version } from './semver-version.ts';
import { checkPrerelease, compareVersions, formatVersion, parseVersion } from './semver-version.ts';

const UINT64: GoScalarType = { kind: 'uint64' };

function versionOf(value: GoValue | undefined): Version {
  if (!(value instanceof GoRef) || value.type !== VERSION_POINTER || value.data === null) {
    throw new FuncError('wrong type for value; expected *semver.Version');
  }
  return self(value);
}

function textOf(value: GoValue | undefined): string {
  if (typeof value !== 'string') throw new FuncError('wrong type for value; expected string');
  return value;
}

const ZERO_VERSION: Version = { major: 0n, minor: 0n, patch: 0n, pre: '', metadata: '', original: '' };

/** Fields that are missing, as in a deep copy, are zero. */
function self(receiver: GoRef): Version {
  return { ...ZERO_VERSION, ...(receiver.data as Partial<Version>) };
}

function comparison(holds: (order: number) => boolean): GoMethod {
  return (receiver, args) => holds(compareVersions(self(receiver), versionOf(args[0])));
}

/** A changed version, as a plain struct; its original keeps the leading v. */
function changed(version: Version, change: Partial<Version>): GoRef {
  const next = { ...version, ...change };
  const original = (version.original.startsWith('v') ? 'v' : '') + formatVersion(next);
  return new GoRef(VERSION_STRUCT, { ...next, original });
}

const RELEASE = { pre: '', metadata: '' };

const VALUE_METHODS: readonly (readonly [string, GoMethod])[] = [
  ['String', (receiver) => formatVersion(self(receiver))],
  ['Major', (receiver) => new GoNumber('uint64', self(receiver).major)],
  ['Minor', (receiver) => new GoNumber('uint64', self(receiver).minor)],
  ['Patch', (receiver) => new GoNumber('uint64', self(receiver).patch)],
  ['Prerelease', (receiver) => self(receiver).pre],
  ['Metadata', (receiver) => self(receiver).metadata],
  [
    'IncPatch',
    (receiver) => {
      const version = self(receiver);
      return changed(version, { ...RELEASE, patch: version.pre === '' ? version.patch + 1n : version.patch });
    },
  ],
  ['IncMinor', (receiver) => changed(self(receiver), { ...RELEASE, patch: 0n, minor: self(receiver).minor + 1n })],
  [
    'IncMajor',
    (receiver) => changed(self(receiver), { ...RELEASE, patch: 0n, minor: 0n, major: self(receiver).major + 1n }),
  ],
  [
    'SetPrerelease',
    (receiver, args) => {
      const pre = textOf(args[0]);
      checkPrerelease(pre);
      return changed(self(receiver), { pre });
    },
  ],
  [
    'SetMetadata',
    (receiver, args) => {
      const metadata = textOf(args[0]);
      if (!/^[-.0-9A-Za-z]*$/.test(metadata)) throw new FuncError('Invalid Metadata string');
      return changed(self(receiver), { metadata });
    },
  ],
  ['MarshalJSON', (receiver) => JSON.stringify(formatVersion(self(receiver)))],
];

const POINTER_METHODS: readonly (readonly [string, GoMethod])[] = [
  ['Original', (receiver) => self(receiver).original],
  ['Compare', (receiver, args) => BigInt(compareVersions(self(receiver), versionOf(args[0])))],
  ['Equal', comparison((order) => order === 0)],
  ['LessThan', comparison((order) => order < 0)],
  ['LessThanEqual', comparison((order) => order <= 0)],
  ['GreaterThan', comparison((order) => order > 0)],
  ['GreaterThanEqual', comparison((order) => order >= 0)],
];

/** An unexported field: printed, but under a key that no template can name. */
function hiddenField(name: string, type: GoScalarType): readonly [string, GoField] {
  return [`#${name}`, { name, type, jsonName: name }];
}

const VERSION_STRUCT: GoStructType = {
  kind: 'struct',
  name: 'semver.Version',
  fields: new Map([
    hiddenField('major', UINT64),
    hiddenField('minor', UINT64),
    hiddenField('patch', UINT64),
    hiddenField('pre', STRING),
    hiddenField('metadata', STRING),
    hiddenField('original', STRING),
  ]),
  methods: new Map(VALUE_METHODS),
};
const VERSION_POINTER: GoPointerType = {
  kind: 'pointer',
  elem: VERSION_STRUCT,
  methods: new Map([...VALUE_METHODS, ...POINTER_METHODS]),
};

export const semverFuncs: readonly (readonly [string, GoFunc])[] = [
  ['semver', fn1(text, (written) => new GoRef(VERSION_POINTER, parseVersion(written)))],
  [
    'semverCompare',
    fn2(text, text, (constraint, version) => satisfies(parseVersion(version), parseConstraint(constraint))),
  ],
];
