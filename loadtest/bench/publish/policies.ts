/** The repository that is published from: revisions of Istio with templates of their own, all of which each commit changes. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');

interface Configuration {
  readonly injectConfig: string;
  readonly values: string;
  readonly meshConfig: string;
}

export class PolicyRepository {
  readonly directory: string;
  readonly #revisions: number;
  readonly #configuration = readConfiguration();

  constructor(directory: string, revisions: number) {
    this.directory = directory;
    this.#revisions = revisions;
    mkdirSync(directory);
    this.#git('init', '-q', '-b', 'main');
    // Objects lie as they do on a server: housekeeping in the middle of a measurement is not what is measured.
    this.#git('config', 'gc.auto', '0');
  }

  /** Commits another text for every template; returns the commit's id. */
  commit(round: number): string {
    const { values, meshConfig } = this.#configuration;
    for (let index = 0; index < this.#revisions; index += 1) {
      const folder = join(this.directory, nameOf(index));
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'inject-config.yaml'), this.#injectConfig(index, round));
      writeFileSync(join(folder, 'values.json'), values);
      writeFileSync(join(folder, 'mesh.yaml'), meshConfig);
      writeFileSync(join(folder, 'revision.yaml'), revisionText(index));
    }
    writeFileSync(
      join(this.directory, 'mesh.yaml'),
      'apiVersion: meshgate.dev/v1alpha1\nkind: Mesh\nmetadata: {name: istio}\nspec: {provider: istio, paths: [/inject], defaultRevision: r0}\n',
    );
    this.#git('add', '-A');
    this.#git('commit', '-q', '-m', `round ${round}`);
    return execFileSync('git', ['-C', this.directory, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
  }

  /** The sidecar's template begins with a statement that no other revision and no other round has. */
  #injectConfig(index: number, round: number): string {
    const { injectConfig } = this.#configuration;
    const changed = injectConfig.replace(
      /^( +)sidecar: \|\n/m,
      (header, indent: string) => `${header}${indent}  {{- $benchmark := "${nameOf(index)}, round ${round}" }}\n`,
    );
    if (changed === injectConfig) throw new Error('the configuration has no template "sidecar" in literal style');
    return changed;
  }

  #git(...args: readonly string[]): void {
    const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
    execFileSync('git', ['-C', this.directory, ...identity, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

/** The revision's name. */
export function nameOf(index: number): string {
  return `r${index}`;
}

/** Istio's own default configuration where it is recorded, otherwise the one of the default policies. */
function readConfiguration(): Configuration {
  const configs = join(process.env['MESHGATE_CORPUS'] ?? join(root, '..', 'shared', 'corpus'), 'istio');
  const marker = join(configs, 'DEFAULT');
  const text = (...path: readonly string[]) => readFileSync(join(...path), 'utf8');
  if (existsSync(marker)) {
    const folder = join(configs, 'configs', text(marker).trim());
    const [injectConfig, values] = [text(folder, 'inject-config.yaml'), text(folder, 'values.json')];
    return { injectConfig, values, meshConfig: text(folder, 'mesh.configmap.yaml') };
  }
  const folder = join(root, 'policies', 'istio-prod');
  const [values, meshConfig] = [text(folder, '1-30', 'values.json'), text(folder, '1-30', 'mesh.yaml')];
  return { injectConfig: text(folder, 'inject-config.yaml'), values, meshConfig };
}

function revisionText(index: number): string {
  return `apiVersion: meshgate.dev/v1alpha1
kind: MeshRevision
metadata: {name: ${nameOf(index)}}
spec:
  mesh: istio
  istio: {injectConfig: {file: inject-config.yaml}, values: {file: values.json}, meshConfig: {file: mesh.yaml}}
`;
}
