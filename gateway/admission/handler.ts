/**
 * The way of a request: route → weigh → decode → pool → conclude. Everything that can go wrong on it ends as a coded answer, and
 * every request is concluded exactly once.
 */
import { performance } from 'node:perf_hooks';
import { type DenyCode, REASONS } from '../../workers/inject/reason.ts';
import type { InjectResult, Outcome, TaskHead } from '../../workers/protocol.ts';
import { type ErrorCode, errorEntry } from '../errors.ts';
import { budgetMs } from '../pool/deadline.ts';
import { type Claim, Job, type JobResult, REVIEW_MISREAD } from '../pool/job.ts';
import { type AnswerText, textOf } from '../pool/placed-answer.ts';
import type { WorkerPool } from '../pool/pool.ts';
import { AnswerReuse } from '../reuse/answer-reuse.ts';
import { UNKNOWN_CLUSTER } from '../routing/cluster.ts';
import type { Resolution, Route, Router } from '../routing/router.ts';
import type { ReviewTap } from '../tap/review-tap.ts';
import type { RequestLog } from '../telemetry/logger.ts';
import type { RequestMetrics } from '../telemetry/request-metrics.ts';
import { type DecodedReview, decodeReview, type ReviewHeader } from './decode.ts';
import { encodeDenied } from './encode.ts';
import { Exchange, type ExchangeOwner, type FinishedExchange, type Reply, type RequestHead } from './exchange.ts';
import { concludeRequest } from './outcome.ts';
import { PeekedHeader, peekReview } from './peek.ts';

export interface HandlerDependencies {
  /** The routes of the snapshot that serves now; null before there is one. */
  readonly router: () => Router | null;
  readonly pool: Pick<WorkerPool, 'submit' | 'weigh'>;
  readonly metrics: Pick<RequestMetrics, 'observe'>;
  readonly log: RequestLog;
  /** Null when nothing is traced. */
  readonly trace: ((finished: FinishedExchange) => void) | null;
  /** Where answered reviews are copied from. */
  readonly tap: Pick<ReviewTap, 'offer'>;
}

export class AdmissionHandler implements ExchangeOwner {
  readonly #dependencies: HandlerDependencies;
  /** Answers that go with the router they were made under. */
  #reuse = new AnswerReuse();
  #reuseRouter: Router | null = null;
  /** A route belongs to one router, and that to one snapshot. */
  readonly #heads = new WeakMap<Route, TaskHead>();
  readonly #openHeads = new WeakMap<Route, TaskHead>();

  constructor(dependencies: HandlerDependencies) {
    this.#dependencies = dependencies;
  }

  /** Opens the exchange of a request whose headers have arrived. */
  open(head: RequestHead, reply: Reply, receivedAtMs: number): Exchange {
    return new Exchange(this, head, reply, receivedAtMs);
  }

  /** Handles a request whose body has arrived. Never throws. */
  handle(exchange: Exchange, body: Buffer): void {
    exchange.bodyAtMs = performance.now();
    try {
      this.#handle(exchange, body);
    } catch (error) {
      this.#dependencies.log.fault(error);
      this.refuse(exchange, 'INTERNAL');
    }
  }

  /** Ends a request that can not be handled. */
  refuse(exchange: Exchange, code: ErrorCode, message: string = errorEntry(code).message): void {
    this.#finish(exchange, { kind: 'failed', code, message }, null);
  }

  /** Ends a request whose caller is gone: nobody is answered, but it is counted. */
  abandon(exchange: Exchange): void {
    if (exchange.finished) return;
    exchange.job?.close();
    this.refuse(exchange, 'CLIENT_GONE');
  }

  workerAnswered(exchange: Exchange, _job: Job, result: JobResult): void {
    exchange.workerAnsweredAtMs = performance.now();
    if (result.ok) {
      const { outcome, body, timing } = result.result;
      exchange.workerMs = Math.max(0, exchange.workerMs) + timing.injectMs;
      if (this.#followPolicies(exchange, result.result)) return;
      this.#finish(exchange, outcome, body);
      this.#keep(exchange, result.result);
    } else if (result.code === REVIEW_MISREAD) this.#misread(exchange);
    else this.refuse(exchange, result.code, result.message);
  }

  #handle(exchange: Exchange, body: Buffer): void {
    const { head } = exchange;
    exchange.body = body;
    const router = this.#dependencies.router();
    const resolution = router?.resolve(head.url) ?? null;
    exchange.resolution = resolution;
    let fits = false;
    if (router !== null && resolution?.ok) {
      if (this.#answerReplica(exchange, router, resolution, body)) return;
      const weighed = this.#weighEarly(exchange, router, resolution, body);
      if (weighed === 'refused') return;
      fits = weighed === 'fits';
    }
    const peeked = router !== null && resolution?.ok ? this.#peek(exchange, router, resolution, body) : null;
    const decoded = peeked === null ? decodeReview(body) : { ok: true as const, header: peeked };
    this.#route(exchange, { router, resolution, body, fits }, decoded);
  }

  /** Reads no more of a review than its way depends on, where a worker is going to read the rest. */
  #peek({ head }: Exchange, router: Router, { route }: Resolved, body: Buffer): PeekedHeader | null {
    if (head.method !== 'POST' || !isJson(head.contentType) || router.looksInside(route)) return null;
    const peeked = peekReview(body);
    return peeked === null || router.isIgnored(route.mesh, peeked.namespace) ? null : peeked;
  }

  /** The beginning of a review said something else than the whole: its way begins anew, by the whole. */
  #misread(exchange: Exchange): void {
    const { router, resolution, asked, body } = exchange;
    // Whatever was peeked at had all of them; without them there is nothing to begin anew with.
    if (router === null || asked === null || body === null || !resolution?.ok) this.refuse(exchange, 'INTERNAL');
    else this.#readAgain(exchange, { router, resolution: { ...resolution, route: asked }, body, fits: false });
  }

  #readAgain(exchange: Exchange, arrived: Arrived): void {
    exchange.header = null;
    this.#route(exchange, arrived, decodeReview(arrived.body));
  }

  #route(exchange: Exchange, { router, resolution, body, fits }: Arrived, decoded: DecodedReview): void {
    if (decoded.ok) exchange.header = decoded.header;
    else if (decoded.problem.uid !== '') exchange.addressee = decoded.problem;
    exchange.routedAtMs = performance.now();

    const problem = problemOf(exchange, resolution, body.length, decoded);
    if (problem !== null) {
      this.refuse(exchange, problem.code, problem.message);
      return;
    }
    if (router === null || !resolution?.ok || !decoded.ok) return;
    const { route } = resolution;
    if (router.isIgnored(route.mesh, decoded.header.namespace)) {
      this.#finish(exchange, { kind: 'skipped', reason: 'NAMESPACE_IGNORED' }, null);
      return;
    }
    const choice = router.choose(route, decoded.header);
    if (!choice.ok) {
      // No worker is going to confirm what was peeked.
      if (decoded.header instanceof PeekedHeader) this.#readAgain(exchange, { router, resolution, body, fits });
      else this.#deny(exchange, decoded.header, 'REVISION_UNSERVED', choice.message);
      return;
    }
    const chosen = router.withRevision(route, choice.revision);
    exchange.asked = route;
    exchange.warning = choice.warning;
    // What is warned of is told each time, and what may change before the next snapshot is asked each time.
    exchange.candidate = choice.settled && choice.warning === null ? this.#reuse.consider(body) : null;
    const served = chosen === route ? resolution : { ...resolution, route: chosen };
    exchange.resolution = served;
    exchange.router = router;
    const revisionLabel = router.labelForPolicies(route, decoded.header.namespace);
    this.#submit(exchange, { router, resolution: served, header: decoded.header, review: body, revisionLabel, fits });
  }

  /** A policy may have given the pod the label of another revision before the injection: then that one injects it. */
  #followPolicies(exchange: Exchange, { revisionAsked }: InjectResult<AnswerText>): boolean {
    if (revisionAsked === undefined) return false;
    const { router, asked, resolution, header, body: review } = exchange;
    if (router === null || asked === null || header === null || review === null || !resolution?.ok) return false;
    const choice = router.chooseNamed(asked, revisionAsked);
    if (!choice.ok) {
      this.#deny(exchange, header, 'REVISION_UNSERVED', choice.message);
      return true;
    }
    const { revision, warning } = choice;
    if (revision === resolution.route.revision && warning === exchange.warning) return false;
    exchange.warning = warning;
    const served = { ...resolution, route: router.withRevision(resolution.route, revision) };
    exchange.resolution = served;
    this.#submit(exchange, { router, resolution: served, header, review, revisionLabel: null, fits: false });
    return true;
  }

  #deny(exchange: Exchange, header: ReviewHeader, code: DenyCode, detail: string): void {
    const { status, sentence } = REASONS[code];
    const message = `${sentence}: ${detail}`;
    this.#finish(exchange, { kind: 'denied', code, message }, encodeDenied(header, { status, code, message }));
  }

  /** Answers a review whose answer is known, because it is one of a workload's replicas. */
  #answerReplica(exchange: Exchange, router: Router, resolution: Resolved, body: Buffer): boolean {
    if (router !== this.#reuseRouter) {
      this.#reuse = new AnswerReuse();
      this.#reuseRouter = router;
    }
    if (exchange.head.method !== 'POST' || !isJson(exchange.head.contentType)) return false;
    const reused = this.#reuse.find(resolution.route, body);
    if (reused === null) return false;
    exchange.routedAtMs = performance.now();
    exchange.addressee = reused.to;
    exchange.reused = true;
    if (reused.served !== resolution.route) exchange.resolution = { ...resolution, route: reused.served };
    exchange.budgetMs = claimOf(exchange, resolution).budgetMs;
    this.#finish(exchange, reused.outcome, reused.body);
    return true;
  }

  #keep(exchange: Exchange, result: InjectResult<AnswerText>): void {
    const { asked, candidate, resolution, header } = exchange;
    if (candidate === null || header === null || asked === null || !resolution?.ok || !result.reusable) return;
    // A snapshot that came meanwhile has answers of its own.
    if (this.#reuseRouter !== this.#dependencies.router()) return;
    const kept = { ...result, body: textOf(result.body) };
    this.#reuse.keep(candidate, { asked, served: resolution.route }, header.apiVersion, kept);
  }

  /**
   * Refuses what can not be done in time before it is read: under overload a refusal has to cost far less than an injection. What
   * is wrong with the request, or would be skipped anyway, goes the whole way ('unsure').
   */
  #weighEarly(exchange: Exchange, router: Router, resolution: Resolved, body: Buffer): 'fits' | 'refused' | 'unsure' {
    const claim = claimOf(exchange, resolution);
    const refusal = this.#dependencies.pool.weigh(claim, exchange.bodyAtMs);
    if (refusal === null) return 'fits';
    if (exchange.head.method !== 'POST' || !isJson(exchange.head.contentType)) return 'unsure';
    const peeked = peekReview(body);
    if (peeked === null || router.isIgnored(resolution.route.mesh, peeked.namespace)) return 'unsure';
    exchange.addressee = peeked;
    exchange.budgetMs = claim.budgetMs;
    this.refuse(exchange, refusal.code, refusal.message);
    return 'refused';
  }

  #submit(exchange: Exchange, { router, resolution, header, review, revisionLabel, fits }: Submission): void {
    const { mesh, cluster } = resolution.route;
    const claim = claimOf(exchange, resolution);
    exchange.budgetMs = claim.budgetMs;
    const task = {
      head: this.#headOf(resolution.route, router, revisionLabel),
      cluster: cluster === null ? UNKNOWN_CLUSTER : cluster.contextFor(header, mesh.provider === 'istio'),
      ...(exchange.candidate === null ? {} : { reuse: exchange.candidate.text.question }),
      ...(exchange.warning === null ? {} : { warnings: [exchange.warning] }),
      ...(header instanceof PeekedHeader ? { peeked: header } : {}),
    };
    const { policies } = router.snapshot;
    exchange.job = new Job({ task, review, claim, namespace: header.namespace, policies }, exchange);
    this.#dependencies.pool.submit(exchange.job, fits);
  }

  /** One object for all reviews of a route, or of those whose revision policies may choose. */
  #headOf(route: Route, { snapshot }: Router, revisionLabel: string | null): TaskHead {
    const heads = revisionLabel === null ? this.#heads : this.#openHeads;
    const known = heads.get(route);
    if (known !== undefined) return known;
    const { revision, params, policyName } = route;
    const head = {
      revision: revision.digest,
      params,
      ...(snapshot.policies === null ? {} : { policies: snapshot.policies.digest }),
      ...(policyName === null ? {} : { policyName }),
      ...(revisionLabel === null ? {} : { revisionLabel }),
    };
    heads.set(route, head);
    return head;
  }

  #finish(exchange: Exchange, outcome: Outcome, body: AnswerText | null): void {
    if (exchange.finished) return;
    exchange.finished = true;
    const { resolution } = exchange;
    const mesh = resolution === null ? null : resolution.ok ? resolution.route.mesh : resolution.mesh;
    const to = exchange.header ?? exchange.addressee;
    const conclusion = concludeRequest(outcome, { to, onError: mesh?.onError ?? null, body });
    const { status } = conclusion;
    exchange.reply.send(status, conclusion.body, status === 405 ? 'POST' : null);
    exchange.answeredAtMs = performance.now();
    const durationMs = exchange.answeredAtMs - exchange.receivedAtMs;
    const { job, budgetMs: budget } = exchange;
    const sample = {
      mesh: mesh?.name ?? '',
      revision: resolution?.ok ? resolution.route.revision.name : '',
      outcome: conclusion.kind,
      reason: conclusion.reason,
      reasons: conclusion.reasons,
      durationMs,
      budgetShare: budget > 0 ? durationMs / budget : -1,
      queueMs: job !== null && job.dispatchedAtMs > 0 ? job.dispatchedAtMs - job.queuedAtMs : -1,
      workerMs: exchange.workerMs,
      shed: conclusion.shed,
      reused: exchange.reused,
      missed: conclusion.missed,
    };
    this.#dependencies.metrics.observe(sample);
    this.#dependencies.log.request(conclusion, sample, exchange);
    this.#dependencies.trace?.({ exchange, outcome, status: conclusion.status });
    this.#dependencies.tap.offer(exchange, outcome, conclusion.body);
  }
}

/** A request whose body is here, and where its URL leads. */
interface Arrived {
  readonly router: Router | null;
  readonly resolution: Resolution | null;
  readonly body: Buffer;
  /** Whether it was weighed already, and fits. */
  readonly fits: boolean;
}

interface Submission {
  readonly router: Router;
  readonly resolution: Resolved;
  readonly header: ReviewHeader;
  readonly review: Buffer;
  /** By which policies may choose another revision; null where they may not. */
  readonly revisionLabel: string | null;
  /** Whether it was weighed already, and fits. */
  readonly fits: boolean;
}

type Resolved = Extract<Resolution, { readonly ok: true }>;

/** What a request has a claim to: its mesh's share of the workers, within its budget. */
function claimOf({ receivedAtMs }: Exchange, { route, timeoutMs }: Resolved): Claim {
  const budget = budgetMs(timeoutMs, route.mesh.deadlineReserveMs);
  return {
    source: route.revision,
    share: route.mesh.share,
    budgetMs: budget,
    expiresAtMs: receivedAtMs + budget,
  };
}

interface RequestProblem {
  readonly code: ErrorCode;
  readonly message?: string;
}

/** What keeps a request from being done, the first of it; null when nothing does: it has a route and a header. */
function problemOf(
  { head }: Exchange,
  resolution: Resolution | null,
  bodyBytes: number,
  decoded: DecodedReview,
): RequestProblem | null {
  if (resolution === null) return { code: 'NOT_READY' };
  if (!resolution.ok && resolution.code === 'PATH_UNKNOWN') return resolution;
  if (head.method !== 'POST') return { code: 'METHOD_NOT_ALLOWED' };
  if (!resolution.ok) return resolution;
  if (!isJson(head.contentType)) return { code: 'CONTENT_TYPE_UNSUPPORTED' };
  if (bodyBytes === 0) return { code: 'REVIEW_EMPTY' };
  return decoded.ok ? null : { code: decoded.problem.code };
}

/** `application/json` with any parameters. */
function isJson(contentType: string | undefined): boolean {
  if (contentType === 'application/json') return true;
  if (contentType === undefined) return false;
  const end = contentType.indexOf(';');
  const type = end < 0 ? contentType : contentType.slice(0, end);
  return type.trim().toLowerCase() === 'application/json';
}
