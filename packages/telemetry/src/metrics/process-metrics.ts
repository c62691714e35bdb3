import type { MetricFactory } from "./metric-factory.ts";

/** What every thread tells of itself; `kind`: main, engine, adapter. Of several, the worst. */
export function threadMetrics(make: MetricFactory) {
  return {
    eventLoopLagSeconds: make.gauge(
      "event_loop_lag_seconds",
      "Delay of the event loop since the last collection; stat: p50, p99, max",
      ["kind", "stat"],
      "max",
    ),
    cpuSeconds: make.counter("thread_cpu_seconds_total", "CPU time of the threads", ["kind"]),
    heapBytes: make.gauge("heap_used_bytes", "JavaScript heap in use", ["kind"]),
    gcSeconds: make.counter("gc_seconds_total", "Time spent collecting garbage", ["kind"]),
    /** Areas: `adapter` (answers) and `engine` (upkeep). */
    memoryBytes: make.gauge(
      "memory_bytes",
      "Memory counted against --memory-limit; area: adapter (answers), engine (upkeep)",
      ["area"],
    ),
    logged: make.counter("logged_total", "Log lines by level", ["level"]),
  };
}

/** What the main thread knows of the threads it keeps running. */
export function supervisionMetrics(make: MetricFactory) {
  return {
    threads: make.gauge("threads", "Running threads", ["kind"]),
    restarts: make.counter("thread_restarts_total", "Threads started again", ["kind"]),
    silentSeconds: make.gauge(
      "thread_silent_seconds",
      "Since the quietest thread gave a sign of life, which it does every second",
      ["kind"],
      "max",
    ),
    hung: make.gauge("threads_hung", "Threads that are silent for too long", ["kind"]),
    snapshotAgeSeconds: make.gauge(
      "thread_metrics_age_seconds",
      "Age of the oldest numbers in this answer: a busy thread's are those it gave last",
      ["kind"],
      "max",
    ),
  };
}

/** The process as a whole; the main thread's. */
export function processMetrics(make: MetricFactory) {
  return {
    buildInfo: make.gauge(
      "build_info",
      "Always 1; what runs",
      ["version", "role", "deployment", "region", "member", "node"],
      "max",
    ),
    startTimeSeconds: make.gauge(
      "process_start_time_seconds",
      "When the process started, since the epoch",
      [],
      "min",
    ),
    uptimeSeconds: make.gauge("process_uptime_seconds", "Since the process started", [], "max"),
    cpuSeconds: make.counter(
      "process_cpu_seconds_total",
      "CPU time of the process; mode: user, system",
      ["mode"],
    ),
    residentBytes: make.gauge("process_resident_bytes", "Resident memory", [], "max"),
    externalBytes: make.gauge(
      "process_external_bytes",
      "Buffers outside the JavaScript heaps",
      [],
      "max",
    ),
    openFiles: make.gauge("process_open_files", "Open file descriptors", [], "max"),
    ready: make.gauge("ready", "1 while /health/ready says yes", [], "max"),
  };
}

export type ThreadMetricSet = ReturnType<typeof threadMetrics>;
export type SupervisionMetricSet = ReturnType<typeof supervisionMetrics>;
export type ProcessMetricSet = ReturnType<typeof processMetrics>;
