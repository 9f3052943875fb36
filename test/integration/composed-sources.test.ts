/** `meshgate lint` and `diff` of a team's overlay over its base, and of all sources of a gateway. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { MeshComparison } from '../../gateway/diff/compare-sides.ts';
import { Workspace } from './command.ts';
import { Repository } from './sources/workshop.ts';

const API = 'apiVersion: meshgate.dev/v1alpha1\n';
const MESH = `${API}kind: Mesh
metadata: { name: edge }
spec: { provider: template, defaultRevision: v1 }
`;

function revision(name: string, annotation: string): string {
  const template = JSON.stringify(`metadata: { annotations: { by: ${annotation} } }`);
  return `${API}kind: MeshRevision
metadata: { name: ${name} }
spec: { mesh: edge, template: { template: { inline: ${template} } } }
`;
}

const pod = (rev: string) => `apiVersion: v1
kind: Pod
metadata: { name: p, namespace: shop, labels: { meshgate.dev/inject: enabled, meshgate.dev/rev: ${rev} } }
spec: { containers: [{ name: app, image: app }] }
`;

let space: Workspace;
let base: string;
let team: Repository;
let config: string;
before(() => {
  space = new Workspace();
  base = join(space.root, 'base');
  space.write('base/prod/mesh.yaml', MESH);
  space.write('base/prod/v1.yaml', revision('v1', 'base'));
  team = new Repository(join(space.root, 'team'), space.root);
  team.commit({ 'v2.yaml': revision('v2', 'team') });
  const source = (name: string, spec: object) =>
    JSON.stringify({ apiVersion: 'meshgate.dev/v1alpha1', kind: 'GatewaySource', metadata: { name }, spec });
  config = space.write(
    'gateway.yaml',
    ['workers: 2', source('base', { url: base, path: 'prod' }), source('team', { url: team.url, allow: {} })].join(
      '\n---\n',
    ),
  );
});
after(() => space.remove());

describe('meshgate lint', () => {
  it('knows the revisions of base and overlay', async () => {
    for (const rev of ['v1', 'v2', 'v3']) {
      const file = space.write(`${rev}.yaml`, pod(rev));
      const overlaid = ['--source', team.directory, '--base', base, '--base-path', 'prod'];
      for (const sources of [overlaid, ['--config', config]]) {
        const { code, out, err } = await space.run('lint', file, ...sources);
        assert.equal(code, rev === 'v3' ? 1 : 0, out + err);
        assert.equal(out.includes('[REVISION_UNDEFINED]'), rev === 'v3', out);
      }
    }
  });

  it('says that an overlay alone can not be read, and which flags do not go together', async () => {
    const file = space.write('v2.yaml', pod('v2'));
    const alone = await space.run('lint', file, '--source', team.directory);
    assert.equal(alone.code, 1);
    assert.match(alone.err, /v2\.yaml:4:\d+: error: .*edge/);
    for (const flags of [
      ['--base', base],
      ['--source', base, '--base-path', 'prod'],
      ['--source', base, '--config', config],
      ['--config', config, '--base', base],
      ['--config', join(space.root, 'none.yaml')],
    ]) {
      const { code, err } = await space.run('lint', file, ...flags);
      assert.equal(code, 2, `${flags.join(' ')}: ${err}`);
    }
  });
});

describe('meshgate diff', () => {
  async function compare(...args: readonly string[]): Promise<MeshComparison> {
    const reviews = ['--reviews', space.write('p.yaml', pod('v1'))];
    const { out, err } = await space.run('diff', '--output', 'json', ...args, ...reviews);
    const { comparisons } = JSON.parse(out || '{"comparisons":[]}') as { comparisons: MeshComparison[] };
    const [comparison] = comparisons;
    assert.ok(comparison !== undefined && comparisons.length === 1, err);
    return comparison;
  }

  it("compares a revision of the base with one of the overlay, and the overlay's commits over the base", async () => {
    const overlaid = ['--source', team.directory, '--base', base, '--base-path', 'prod'];
    const between = await compare(...overlaid, '--from', 'v1', '--to', 'v2');
    assert.deepEqual([between.pods, between.differentPods], [1, 1]);
    assert.equal((await compare(...overlaid, '--from', 'v2@HEAD', '--to', 'v2')).differentPods, 0);
    space.write('team/v2.yaml', revision('v2', 'somebody'));
    assert.equal((await compare(...overlaid, '--from', 'v2@HEAD', '--to', 'v2')).differentPods, 1);
    team.git(['checkout', '-q', '.']);
  });

  it('compares revisions of all sources of a gateway, of which no one is asked for commits', async () => {
    const between = await compare('--config', config, '--from', 'v1', '--to', 'v2');
    assert.deepEqual([between.pods, between.differentPods], [1, 1]);
    const { code, err } = await space.run('diff', '--config', config, '--from', 'v1@HEAD');
    assert.equal(code, 2);
    assert.match(err, /commits can be told of one source alone/);
  });
});
