/** Our defaults of Linkerd's chart, against the values with which each recorded release was installed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chartDefaults } from '../../gateway/linkerd/chart-defaults.ts';
import { compileLinkerd } from '../../workers/inject/linkerd/compile.ts';
import { linkerdReleases, readLinkerdRelease } from '../../workers/inject/linkerd/releases.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import { parseYaml } from '../../workers/yaml/parse.ts';
import { corpusPath, corpusSkip } from './corpus.ts';

const FOLDERS: ReadonlyMap<string, string> = new Map([['2.14', 'stable-2.14.10']]);

function recordedValues(line: string): string {
  const folder =
    line === 'main' ? ['generated', 'default'] : ['releases', FOLDERS.get(line) ?? `version-${line}`, 'default'];
  return readFileSync(corpusPath('linkerd', ...folder, 'values.yaml'), 'utf8');
}

for (const [line, release] of linkerdReleases()) {
  test(`the defaults of Linkerd ${line} (${release}) are those of its chart`, { skip: corpusSkip() }, () => {
    const known = readLinkerdRelease(release);
    assert.ok(known);
    const recorded = recordedValues(line);
    const { identityTrustDomain } = parseYaml(recorded) as { identityTrustDomain: string };
    const compiled = (values: string) =>
      compileLinkerd({ provider: 'linkerd', values, trustAnchors: 'PEM', controlPlaneNamespace: 'linkerd' }).values;
    const ours = { ...chartDefaults({ ...known.place, name: release }), identityTrustDomain };
    const { profile: _, ...made } = compiled(marshalYaml(ours));
    const { profile: __, ...wanted } = compiled(recorded);
    assert.deepEqual(made, wanted);
  });
}
