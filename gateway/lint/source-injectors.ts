/** The injectors of a policy source: one for each revision, as its own release, template and mesh configuration make it. */
import { compileRevision } from '../../workers/inject/compile.ts';
import { featuresAt as istioFeaturesAt } from '../../workers/inject/istio/features.ts';
import { featuresAt as linkerdFeaturesAt } from '../../workers/inject/linkerd/features.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Mesh, Snapshot } from '../snapshot.ts';
import { type Injector, istioChecks, linkerdChecks, newestInjectors, type ReleaseChecks } from './injectors.ts';

/**
 * Of a provider that the source has no revision of, the newest release stands: manifests may be meant for more than this source.
 * @throws CompileError for a revision that can not be compiled
 */
export function sourceInjectors({ meshes }: Snapshot): readonly Injector[] {
  const found = [...meshes.values()].flatMap((mesh) => {
    return [...mesh.revisions.values()].flatMap((revision) => injectorOf(mesh, revision) ?? []);
  });
  const providers = new Set(found.map(({ provider }) => provider));
  return [...found, ...newestInjectors().filter(({ provider }) => !providers.has(provider))];
}

/** Null for what has no releases. */
function injectorOf(mesh: Mesh, source: RevisionSource): Injector | null {
  const { spec, name } = source;
  const { release } = compileRevision(source);
  if (release === null || spec.provider === 'template') return null;
  const tags = [...mesh.tags].filter(([, target]) => target === name).map(([tag]) => tag);
  const isDefault = mesh.defaultRevision === name ? ['default'] : [];
  const checks: ReleaseChecks =
    spec.provider === 'istio'
      ? istioChecks(istioFeaturesAt(release), release.line, spec.meshConfig)
      : linkerdChecks(linkerdFeaturesAt(release));
  const product = spec.provider === 'istio' ? 'Istio' : 'Linkerd';
  const template = spec.provider === 'istio' ? spec.injectConfig : '';
  return {
    ...checks,
    title: `${product} ${release.name} of revision ${name} of mesh ${mesh.name}`,
    asked: { label: mesh.revisionLabel, names: new Set([name, ...tags, ...isDefault]) },
    reads: (annotation) => holdsName(template, annotation),
  };
}

/** What a name of an annotation may go on with. */
const NAME_CHARACTER = /[A-Za-z0-9._/-]/;

/** Whether a text has a name in it that is not a part of a longer one. */
function holdsName(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const around = (text[at - 1] ?? '') + (text[at + name.length] ?? '');
    if (!NAME_CHARACTER.test(around)) return true;
  }
  return false;
}
