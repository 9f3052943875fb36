/**
 * Traces: one server span a request that continues the apiserver's, with the spans receive, route, queue, worker and respond below
 * it. They are made from the times of a finished request, so that a request on its way costs nothing. This module and what it loads
 * are only imported when an OTLP endpoint is configured.
 */
import { performance } from 'node:perf_hooks';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_VERSION,
  ATTR_URL_PATH,
} from '@opentelemetry/semantic-conventions';
import type { FinishedExchange } from '../admission/exchange.ts';
import type { Job } from '../pool/job.ts';

export interface Tracing {
  record(finished: FinishedExchange): void;
  /** Sends what is still to be sent. */
  shutdown(): Promise<void>;
}

export interface TracingOptions {
  /** Base URL of the collector; null: the exporter reads the OTEL_EXPORTER_OTLP_… variables itself. */
  readonly endpoint: string | null;
  readonly version: string;
}

export function createTracing({ endpoint, version }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter(endpoint === null ? {} : { url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: 'meshgate', [ATTR_SERVICE_VERSION]: version }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('meshgate', version);

  const record = ({ exchange, outcome, status }: FinishedExchange): void => {
    const { head, resolution, job } = exchange;
    const route = resolution?.ok ? resolution.route : null;
    const parent = head.traceparent === undefined ? null : parseTraceParent(head.traceparent);
    const above = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true });
    const query = head.url.indexOf('?');
    const spent = exchange.answeredAtMs - exchange.receivedAtMs;
    const span = tracer.startSpan(
      'admission',
      {
        kind: SpanKind.SERVER,
        startTime: epoch(exchange.receivedAtMs),
        attributes: {
          [ATTR_HTTP_REQUEST_METHOD]: head.method,
          [ATTR_URL_PATH]: query < 0 ? head.url : head.url.slice(0, query),
          [ATTR_HTTP_RESPONSE_STATUS_CODE]: status,
          'meshgate.mesh': route?.mesh.name ?? '',
          'meshgate.revision': route?.revision.name ?? '',
          'meshgate.outcome': outcome.kind,
          'meshgate.reason': outcome.kind === 'skipped' ? outcome.reason : 'code' in outcome ? outcome.code : '',
          ...(outcome.kind === 'skipped' && outcome.reasons !== undefined
            ? { 'meshgate.reasons': [...outcome.reasons] }
            : {}),
          'meshgate.budget_ms': exchange.budgetMs,
          'meshgate.budget_remaining_ms': Math.max(0, exchange.budgetMs - spent),
          'meshgate.budget_used_ratio': exchange.budgetMs > 0 ? spent / exchange.budgetMs : 0,
          'meshgate.queue_ms': queueMs(job),
          'meshgate.worker_ms': Math.max(0, exchange.workerMs),
        },
      },
      above,
    );
    const within = trace.setSpan(above, span);
    const phase = (name: string, fromMs: number, toMs: number): void => {
      if (fromMs <= 0 || toMs < fromMs) return;
      tracer.startSpan(name, { startTime: epoch(fromMs) }, within).end(epoch(toMs));
    };
    phase('receive', exchange.receivedAtMs, exchange.bodyAtMs);
    phase('route', exchange.bodyAtMs, exchange.routedAtMs);
    if (job !== null) {
      phase('queue', job.queuedAtMs, job.dispatchedAtMs > 0 ? job.dispatchedAtMs : exchange.workerAnsweredAtMs);
      phase('worker', job.dispatchedAtMs, exchange.workerAnsweredAtMs);
    }
    const from = exchange.workerAnsweredAtMs > 0 ? exchange.workerAnsweredAtMs : exchange.routedAtMs;
    phase('respond', from, exchange.answeredAtMs);
    if (outcome.kind === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message });
    span.end(epoch(exchange.answeredAtMs));
  };
  return { record, shutdown: () => provider.shutdown() };
}

/** How long a review waited for a worker; 0 when it did not get that far. */
function queueMs(job: Job | null): number {
  return job !== null && job.dispatchedAtMs > 0 ? job.dispatchedAtMs - job.queuedAtMs : 0;
}

function epoch(ms: number): number {
  return performance.timeOrigin + ms;
}
