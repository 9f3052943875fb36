import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import type { Problem } from '../snapshot.ts';
import { type Findings, machineReport } from './report.ts';

const PROBLEMS: readonly Problem[] = [
  { code: 'A', severity: 'error', message: 'a < b & "c"\nd\u0000\ud800', file: 'dir/my file.yaml', line: 3, column: 7 },
  { code: 'B', severity: 'warning', message: 'w', file: 'b.yaml', line: 1 },
  { code: 'A', severity: 'error', message: 'of the source', file: '' },
];
const FINDINGS: Findings = {
  command: 'meshgate lint',
  version: '1.2.3',
  problems: PROBLEMS,
  files: ['dir/my file.yaml', 'good.yaml'],
  rules: new Map([['A', { severity: 'error', sentence: 'What A means.', page: 'lint.md' }]]),
};

/** The members that SARIF 2.1.0's schema requires, and the types and values of those that are written here. */
const text = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } };
const level = { enum: ['none', 'note', 'warning', 'error'] };
const rule = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    shortDescription: text,
    help: text,
    defaultConfiguration: { type: 'object', properties: { level } },
  },
};
const region = {
  type: 'object',
  properties: { startLine: { type: 'integer', minimum: 1 }, startColumn: { type: 'integer', minimum: 1 } },
};
const artifactLocation = { type: 'object', properties: { uri: { type: 'string', pattern: '^[^ ]*$' } } };
const location = {
  type: 'object',
  properties: { physicalLocation: { type: 'object', properties: { artifactLocation, region } } },
};
const result = {
  type: 'object',
  required: ['message'],
  properties: {
    message: text,
    level,
    ruleId: { type: 'string' },
    ruleIndex: { type: 'integer', minimum: -1 },
    locations: { type: 'array', items: location },
  },
};
const driver = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string' },
    semanticVersion: { type: 'string' },
    rules: { type: 'array', uniqueItems: true, items: rule },
  },
};
const run = {
  type: 'object',
  required: ['tool'],
  properties: {
    tool: { type: 'object', required: ['driver'], properties: { driver } },
    columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
    results: { type: 'array', items: result },
  },
};
const SARIF = {
  type: 'object',
  required: ['version', 'runs'],
  properties: { version: { enum: ['2.1.0'] }, runs: { type: 'array', items: run } },
};

interface SarifLog {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly { readonly physicalLocation: object }[];
    }[];
  }[];
}

describe('SARIF', () => {
  const validate = new Ajv({ strict: false }).compile(SARIF);

  it('has what its schema requires, with rules, levels and places', () => {
    const report: SarifLog = JSON.parse(machineReport('sarif', FINDINGS));
    assert.ok(validate(report), JSON.stringify(validate.errors));
    const [log] = report.runs;
    assert.ok(log !== undefined);
    const { tool, results } = log;
    assert.deepEqual(
      tool.driver.rules.map(({ id }) => id),
      ['A', 'B'],
    );
    assert.deepEqual(
      results.map(({ ruleId, ruleIndex, level: of }) => [ruleId, ruleIndex, of]),
      [
        ['A', 0, 'error'],
        ['B', 1, 'warning'],
        ['A', 0, 'error'],
      ],
    );
    assert.deepEqual(results[0]?.locations[0]?.physicalLocation, {
      artifactLocation: { uri: 'dir/my%20file.yaml' },
      region: { startLine: 3, startColumn: 7 },
    });
    assert.deepEqual(results[2]?.locations, []);
  });

  it('is valid without findings', () => {
    assert.ok(validate(JSON.parse(machineReport('sarif', { ...FINDINGS, problems: [], files: [] }))));
  });
});

describe('JUnit', () => {
  const suites = (xml: string): XmlElement[] => {
    const { root } = parseXml(xml);
    return (root?.children ?? []).filter((child): child is XmlElement => child instanceof XmlElement);
  };

  it('is a suite for each file, a failure for each error, and a pass for files without problems', () => {
    const xml = machineReport('junit', FINDINGS);
    const counted = suites(xml).map(({ attributes: { name, tests, failures } }) => [name, tests, failures]);
    assert.deepEqual(counted, [
      ['dir/my file.yaml', '1', '1'],
      ['good.yaml', '1', '0'],
      ['b.yaml', '1', '0'],
      ['source', '1', '1'],
    ]);
    assert.equal(parseXml(xml).root?.attributes['failures'], '2');
    assert.match(suites(xml)[0]?.text ?? '', /a < b & "c"\nd\ufffd\ufffd/);
  });

  it('is well-formed XML whatever the texts are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (message, file) => {
        const problems: Problem[] = [{ code: 'A', severity: 'error', message, file, line: 1 }];
        const [suite] = suites(machineReport('junit', { ...FINDINGS, problems, files: [] }));
        assert.ok(suite instanceof XmlElement);
      }),
      { numRuns: 300 },
    );
  });
});
