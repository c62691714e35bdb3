import { readdirSync } from "node:fs";
import type { Metrics } from "./metrics/metrics.ts";

/** What runs, for `freshet_build_info`. */
export interface BuildInfo {
  readonly version: string;
  readonly role: string;
  readonly deployment: string;
  readonly region: string;
  readonly member: string;
}

/** Has the main thread tell what concerns the whole process. */
export function watchProcess(metrics: Metrics, info: BuildInfo, ready: () => boolean): void {
  const { process: to } = metrics;
  to.buildInfo.set({ ...info, node: process.version }, 1);
  to.startTimeSeconds.set(Math.round(performance.timeOrigin) / 1000);
  let last = { user: 0, system: 0 };
  metrics.onCollect(() => {
    const cpu = process.cpuUsage();
    to.cpuSeconds.inc({ mode: "user" }, Math.max(0, cpu.user - last.user) * 1e-6);
    to.cpuSeconds.inc({ mode: "system" }, Math.max(0, cpu.system - last.system) * 1e-6);
    last = cpu;
    const { rss, external } = process.memoryUsage();
    to.residentBytes.set(rss);
    to.externalBytes.set(external);
    to.uptimeSeconds.set(process.uptime());
    to.ready.set(ready() ? 1 : 0);
    const files = openFiles();
    if (files !== null) to.openFiles.set(files);
  });
}

/** Null where the system does not tell. */
function openFiles(): number | null {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return null;
  }
}
