import { type Span as OtelSpan, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { type Logger, messageOf } from "@freshet/util";
import type { Span, SpanAttributes, Tracing, TracingOptions } from "./tracing.ts";

/** Spans that wait to be sent; more are dropped. */
const QUEUE_SPANS = 2_048;
const BATCH_SPANS = 256;
const SEND_INTERVAL_MS = 2_000;
const SEND_LIMIT_MS = 5_000;
/** How long the end of the process may wait for the last spans. */
const CLOSE_LIMIT_MS = 3_000;
const COMPLAINT_INTERVAL_MS = 60_000;

/** OpenTelemetry's own tracing behind our narrow interface. Loaded only when it is asked for. */
export function otlpTracing(options: TracingOptions, endpoint: string): Tracing {
  const { service, attributes, samplePercent, logger, random = Math.random } = options;
  const exporter = new OTLPTraceExporter({ url: endpoint, timeoutMillis: SEND_LIMIT_MS });
  const processor = new BatchSpanProcessor({
    exporter: complaining(exporter, logger),
    maxQueueSize: QUEUE_SPANS,
    maxExportBatchSize: BATCH_SPANS,
    scheduledDelayMillis: SEND_INTERVAL_MS,
    exportTimeoutMillis: SEND_LIMIT_MS * 2,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": service, ...attributes }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("freshet");
  const begin = (name: string, given: SpanAttributes, parent: OtelSpan | null): Span => {
    const context = parent === null ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent);
    const span = tracer.startSpan(name, { attributes: given }, context);
    return {
      set: (more) => void span.setAttributes(more),
      child: (childName, more = {}) => begin(childName, more, span),
      end(error) {
        if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
        span.end();
      },
    };
  };
  return {
    // Decided here, so that a trace that is not kept costs no object.
    tracer: {
      span: (name, given = {}) =>
        random() * 100 < samplePercent ? begin(name, given, null) : null,
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_LIMIT_MS)));
      await Promise.race([provider.shutdown().catch(() => undefined), limit]);
      clearTimeout(timer);
    },
  };
}

/** An exporter whose failures are logged, seldom, and end there. */
function complaining(inner: SpanExporter, logger: Logger): SpanExporter {
  let complainedMs = Number.NEGATIVE_INFINITY;
  let lost = 0;
  return {
    export(spans, done) {
      inner.export(spans, (result) => {
        if (result.error !== undefined) {
          lost += spans.length;
          const nowMs = performance.now();
          if (nowMs - complainedMs >= COMPLAINT_INTERVAL_MS) {
            complainedMs = nowMs;
            logger.warn({ error: messageOf(result.error), lost }, "traces could not be sent");
          }
        }
        done({ code: 0 });
      });
    },
    forceFlush: () => inner.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => inner.shutdown(),
  };
}
