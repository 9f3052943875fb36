/**
 * Writes docs/reference/releases.md from the tables of what Istio's and Linkerd's injectors do differently from release to release.
 * `node build/release-reference.ts` writes it; test/release-reference.test.ts fails when it differs from them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ISTIO_SWITCHES } from '../workers/inject/istio/features.ts';
import { ENUM_SCHEMAS, MESSAGE_SCHEMAS } from '../workers/inject/istio/mesh/mesh-schema.ts';
import { istioReleases } from '../workers/inject/istio/releases.ts';
import { LINKERD_SWITCHES } from '../workers/inject/linkerd/features.ts';
import { linkerdReleases } from '../workers/inject/linkerd/releases.ts';
import type { SwitchRow, SwitchTable } from '../workers/inject/release/switches.ts';

export const REFERENCE_FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'releases.md');

/** The whole reference as Markdown. */
export function releaseReference(): string {
  return [
    INTRODUCTION,
    ISTIO,
    `Releases that are known: ${istioLines().join(', ')}.\n`,
    switchTable(ISTIO_SWITCHES),
    '### Mesh configuration\n',
    `What a release does not know of \`meshConfig\`, and of annotation \`proxy.istio.io/config\`, falls away:\n`,
    meshTable(),
    LINKERD,
    lineTable(),
    switchTable(LINKERD_SWITCHES),
  ].join('\n');
}

const INTRODUCTION = `<!-- Made from the tables in workers/inject/ by build/release-reference.ts; do not edit. -->
# Releases

A revision behaves as the injector of its own release: a pod gets from Meshgate what the Istio or Linkerd of that release would have made
of it. Which release that is, is told by, in this order:

1. \`spec.istio.release\` or \`spec.linkerd.release\`: a patch (\`1.24.6\`, \`stable-2.14.10\`, \`edge-25.10.7\`), or a minor release, which
   means its last patch known (\`1.24\`, \`2.19\`).
2. The values: for Istio the tag of \`pilot.tag\`, \`global.tag\` or the proxy's image, for Linkerd \`linkerdVersion\`.
3. Nothing: then it is the newest that is known.

Warning \`RELEASE_UNKNOWN\` says that nothing told the release, or that it is not known. A release that is newer than all that are known
counts as the newest, a later patch as its line's last one, an older release as the oldest. A \`release\` that names none is an error
(\`RELEASE_INVALID\`).

Each row below is one behaviour, with the first releases that have it (*since*) and that do not have it any more (*until*), one for each line
it was brought to. Lines after the last one named are alike.
`;

const ISTIO = `## Istio

Templates and values travel in the revision itself; what follows is the injector's own.

Fields of pods that are newer than a release's Kubernetes libraries stay with their container or volume. The release's own injector
drops them where it moves list items, or leaves them at their old place in the list.
`;

const LINKERD = `## Linkerd

The injected containers are part of Linkerd's binary, so the release decides them. Values of another release that its injector stumbles over do
not load (\`LINKERD_RELEASE_MISMATCH\`). Since 2.15 the releases of a line are edges:
`;

function istioLines(): readonly string[] {
  const last = new Map(istioReleases().map((release) => [release.slice(0, release.lastIndexOf('.')), release]));
  return [...last].map(([line, release]) => (release.endsWith('.0') ? release : `${line}.0 to ${release}`));
}

function lineTable(): string {
  const rows = linkerdReleases().map(([line, release]) => `| ${line} | \`${release}\` |`);
  return ['| line | behaves as |', '|---|---|', ...rows, ''].join('\n');
}

function switchTable<Name extends string>(table: SwitchTable<Name>): string {
  const rows = Object.entries<SwitchRow>(table).map(([name, { sentence, since = [], until = [], source }]) => {
    const cells = [`\`${name}\``, sentence, since.join(', '), until.join(', '), source];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| switch | behaviour | since | until | upstream |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}

/** Fields and enum values by the minor release that first knew them. */
function meshTable(): string {
  const byMinor = new Map<number, string[]>();
  const note = (minor: number, name: string) => {
    if (minor > 0) byMinor.set(minor, [...(byMinor.get(minor) ?? []), `\`${name}\``]);
  };
  for (const schema of MESSAGE_SCHEMAS.values()) {
    for (const field of schema.fields) note(field.since, `${shortName(schema.name)}.${field.jsonName}`);
  }
  for (const schema of ENUM_SCHEMAS.values()) {
    for (const [name, { since }] of schema.numberOf) note(since, `${shortName(schema.name)}: ${name}`);
  }
  const minors = [...byMinor.keys()].sort((a, b) => a - b);
  const rows = minors.map((minor) => `| 1.${minor} | ${(byMinor.get(minor) ?? []).sort().join(', ')} |`);
  return ['| since | fields and values |', '|---|---|', ...rows, ''].join('\n');
}

/** Without the package: `MeshConfig.ProxyConfig`. */
function shortName(name: string): string {
  return name
    .split('.')
    .filter((part) => /^[A-Z]/.test(part))
    .join('.');
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, releaseReference());
