import { PerformanceObserver, monitorEventLoopDelay } from "node:perf_hooks";
import { takeLoggedLines } from "./logger.ts";
import type { Metrics } from "./metrics/metrics.ts";

export type ThreadKind = "main" | "engine" | "adapter";

/** Milliseconds between two looks at the event loop's punctuality. */
const RESOLUTION_MS = 20;
const NS = 1e-9;

/** Has this thread tell its event loop's lag, CPU time, heap and garbage collection. */
export function watchThread(metrics: Metrics, kind: ThreadKind): void {
  const { thread } = metrics;
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // A sample is the whole time between two looks.
  const lag = (ns: number): number => Math.max(0, ns * NS - RESOLUTION_MS / 1000);
  let gcMs = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) gcMs += entry.duration;
  }).observe({ entryTypes: ["gc"] });
  let cpuMicros = 0;
  metrics.onCollect(() => {
    const some = delay.count > 0;
    thread.eventLoopLagSeconds.set({ kind, stat: "p50" }, some ? lag(delay.percentile(50)) : 0);
    thread.eventLoopLagSeconds.set({ kind, stat: "p99" }, some ? lag(delay.percentile(99)) : 0);
    thread.eventLoopLagSeconds.set({ kind, stat: "max" }, some ? lag(delay.max) : 0);
    delay.reset();
    const { user, system } = process.threadCpuUsage();
    thread.cpuSeconds.inc({ kind }, Math.max(0, user + system - cpuMicros) * 1e-6);
    cpuMicros = user + system;
    for (const [level, count] of takeLoggedLines()) thread.logged.inc({ level }, count);
    thread.heapBytes.set({ kind }, process.memoryUsage().heapUsed);
    thread.gcSeconds.inc({ kind }, gcMs / 1000);
    gcMs = 0;
  });
}
