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
  return withVcluster(compileProvider(source, options));
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
