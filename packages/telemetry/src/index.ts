export * from "./admin-server.ts";
export * from "./logger.ts";
export * from "./tracing.ts";
export * from "./metrics/metrics.ts";
export * from "./metrics/metrics-markdown.ts";
export type * from "./metrics/metric-factory.ts";
export * from "./watch-process.ts";
export * from "./watch-thread.ts";
