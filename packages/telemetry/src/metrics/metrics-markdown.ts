import { METRIC_AREAS, type MetricArea, Metrics } from "./metrics.ts";

const AREA_TITLES: Readonly<Record<MetricArea, string>> = {
  adapter: "Clients and hits (adapters)",
  engine: "Caches and publications (servers)",
  replication: "Replication (servers)",
  storage: "Storage (servers)",
  backup: "Backup (servers with `--backup`)",
  links: "Links between adapters and servers (separate mode)",
  cluster: "Authority and members (separate mode)",
  leadership: "Leadership (servers of separate mode)",
  thread: "Threads",
  supervision: "Supervision of threads",
  process: "Process",
};

/** The reference of all metrics; `METRICS.md` holds it. */
export function metricsMarkdown(): string {
  const metrics = new Metrics();
  const lines = [
    "# Metrics",
    "",
    "What `/metrics` at `--metrics-address` tells, in Prometheus' text format. This page is made from the",
    "definitions in `packages/telemetry/src/metrics`.",
    "",
    "Names end in their unit; counters in `_total`. A process that serves two databases adds the label",
    "`upstream` to what concerns one of them. A label that could have many values (`cache`) has 500 at most; what",
    "comes after them is counted as `other`. A process tells only what its role has. A histogram has the",
    "series `_bucket`, `_sum` and `_count`. A thread that is too busy to answer within a second is shown with",
    "the numbers it gave last; `freshet_thread_metrics_age_seconds` tells how old they are.",
  ];
  for (const area of METRIC_AREAS) {
    lines.push("", `## ${AREA_TITLES[area]}`, "", "| Metric | Kind | Labels | Meaning |");
    lines.push("| --- | --- | --- | --- |");
    for (const { name, kind, labels, help } of metrics.definitions(area)) {
      const shown = labels.map((label) => `\`${label}\``).join(", ");
      lines.push(`| \`${name}\` | ${kind} | ${shown} | ${help} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}
