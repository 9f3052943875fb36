/**
 * `npm run build`: the plain-JavaScript form in dist/, for an image or the registry. dist/ is a package of its own: the command, both
 * code folders as JavaScript, and the default policies. It runs on any supported Node without type stripping (which Node refuses to
 * do below node_modules).
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const compiled = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
for (const path of ['bin', 'policies', 'README.md', 'CHANGELOG.md']) {
  cpSync(join(root, path), join(dist, path), { recursive: true, filter: (file) => !file.endsWith('.test.ts') });
}
const {
  devDependencies: _development,
  scripts: _scripts,
  private: _private,
  ...published
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
writeFileSync(join(dist, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
