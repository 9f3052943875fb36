/** From a revision's texts to something that injects, whatever the mesh's provider. */
import type { RevisionSource } from '../protocol.ts';
import { compileIstioRevision } from './istio/injector.ts';
import { compileLinkerdRevision } from './linkerd/compile.ts';
import type { CompiledRevision, CompileOptions } from './provider.ts';
import { compileTemplateRevision } from './template/compile.ts';
import { withVcluster } from './vcluster.ts';

/**
 * Compiles a revision: slow (milliseconds), once per revision and worker. Throws CompileError with all problems of its texts.
 */
export function compileRevision(source: RevisionSource, options: CompileOptions = {}): CompiledRevision {
  const revision = compileProvider(source, options);
  return withVcluster(options.keepTexts === false ? { ...revision, source: withoutTexts(source) } : revision);
}

/** Istio's texts are half a megabyte, of which compiling keeps what it needs. */
function withoutTexts(source: RevisionSource): RevisionSource {
  const { spec } = source;
  if (spec.provider !== 'istio') return source;
  return { ...source, spec: { ...spec, injectConfig: '', values: '', meshConfig: '' } };
}

function compileProvider(source: RevisionSource, options: CompileOptions): CompiledRevision {
  switch (source.spec.provider) {
    case 'istio':
      return compileIstioRevision(source, source.spec, options);
    case 'template':
      return compileTemplateRevision(source);
    case 'linkerd':
      return compileLinkerdRevision(source);
  }
}
