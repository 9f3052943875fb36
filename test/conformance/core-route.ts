/** Recorded reviews through the injection core, in process. */
import { parseParams } from '../../gateway/routing/params.ts';
import { compileRevision } from '../../workers/inject/compile.ts';
import { injectReview } from '../../workers/inject/inject.ts';
import type { CompiledRevision } from '../../workers/inject/provider.ts';
import type { RevisionSource } from '../../workers/protocol.ts';
import type { Answer, ReviewCase } from './review-case.ts';

export class CoreRoute {
  readonly #revisions = new Map<string, CompiledRevision>();

  /** Null for cases that are about HTTP itself. */
  answer(recorded: ReviewCase): Answer | null {
    if (recorded.expected.kind === 'http') return null;
    const params = recorded.provider === 'istio' ? parseParams(recorded.path.replace(/^\/inject\/?/, '')) : {};
    const revision = this.#revision(recorded.spec);
    const task = { revision: '', review: recorded.body, params, cluster: recorded.cluster };
    const { body, outcome } = injectReview(task, () => revision);
    const code = outcome.kind === 'patched' ? '' : outcome.kind === 'skipped' ? outcome.reason : outcome.code;
    return { status: 200, body, code };
  }

  #revision(spec: RevisionSource['spec']): CompiledRevision {
    const digest = JSON.stringify(spec);
    const known = this.#revisions.get(digest) ?? compileRevision({ digest, mesh: 'mesh', name: 'recorded', spec });
    this.#revisions.set(digest, known);
    return known;
  }
}
