import type { Logger } from "@freshet/util";

/** Names and numbers only: never a statement's text, a value or a password. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work with a beginning and an end. */
export interface Span {
  set(attributes: SpanAttributes): void;
  /** A part of this work. */
  child(name: string, attributes?: SpanAttributes): Span;
  /** `error`: why it failed, free of secrets. */
  end(error?: string): void;
}

export interface Tracer {
  /** Begins a trace; null when tracing is off or this trace is not among those that are kept. */
  span(name: string, attributes?: SpanAttributes): Span | null;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is left, for some seconds at most. */
  close(): Promise<void>;
}

/** What threads are told of `--tracing-endpoint` and `--tracing-sample-percent`. */
export interface TracingSettings {
  /** URL for OTLP over HTTP, e.g. `http://127.0.0.1:4318/v1/traces`; null: no traces. */
  readonly endpoint: string | null;
  readonly samplePercent: number;
}

export interface TracingOptions extends TracingSettings {
  readonly service: string;
  /** Of the process: version, role, thread, … */
  readonly attributes: SpanAttributes;
  readonly logger: Logger;
  readonly random?: () => number;
}

export const NO_TRACER: Tracer = { span: () => null };

export const NO_TRACING: Tracing = { tracer: NO_TRACER, close: () => Promise.resolve() };

/**
 * Traces for OpenTelemetry, whose libraries are loaded only when there is an endpoint. What cannot
 * be sent is dropped and logged once a minute; whoever makes spans never waits.
 */
export async function createTracing(options: TracingOptions): Promise<Tracing> {
  if (options.endpoint === null || options.samplePercent <= 0) return NO_TRACING;
  const { otlpTracing } = await import("./otlp-tracing.ts");
  return otlpTracing(options, options.endpoint);
}
