import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { METRIC_AREAS, Metrics } from "./metrics.ts";
import { metricsMarkdown } from "./metrics-markdown.ts";

const root = join(import.meta.dirname, "..", "..", "..", "..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const metrics = new Metrics();
const definitions = METRIC_AREAS.flatMap((area) => metrics.definitions(area));

/** Series by name: a histogram has three. */
const series = new Map(
  definitions.flatMap((definition) => {
    const { name, kind } = definition;
    const names =
      kind === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name];
    return names.map((each) => [each, definition] as const);
  }),
);

/** Labels that Prometheus adds, and those that every metric may have. */
const OUTER = new Set(["instance", "job", "le", "upstream"]);

function checkExpression(expression: string): void {
  const named = [...expression.matchAll(/\bfreshet_[a-z0-9_]+/g)].map(([name]) => name);
  expect(named, expression).not.toEqual([]);
  const known = new Set(OUTER);
  for (const name of named) {
    const definition = series.get(name);
    expect(definition, `${name} in ${expression}`).toBeDefined();
    for (const label of definition?.labels ?? []) known.add(label);
  }
  const grouped = [...expression.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g)];
  const matched = [...expression.matchAll(/([a-z_]+)\s*(?:=~|!=|!~|=)\s*"/g)];
  const labels = [
    ...grouped.flatMap((match) => (match[1] ?? "").split(",")),
    ...matched.map((match) => match[1] ?? ""),
  ];
  for (const label of labels.map((each) => each.trim()).filter((each) => each !== "")) {
    expect(known, `label ${label} in ${expression}`).toContain(label);
  }
}

describe("metrics", () => {
  it("have one definition each, a unit where they measure, and help", () => {
    const names = definitions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, kind, help } of definitions) {
      expect(name).toMatch(/^freshet_[a-z][a-z0-9_]*$/);
      expect(name.endsWith("_total"), name).toBe(kind === "counter");
      if (kind === "histogram") expect(name).toMatch(/_(seconds|bytes)$/);
      expect(help.length, name).toBeGreaterThan(5);
    }
  });

  it("are all in METRICS.md, as it is generated", () => {
    expect(read("METRICS.md")).toBe(metricsMarkdown());
  });
});

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets?: readonly { readonly expr: string }[];
}

describe("the chart's files", () => {
  it("has a dashboard whose expressions name metrics and labels that exist", () => {
    const dashboard = JSON.parse(read("helm/freshet/files/dashboard.json")) as {
      schemaVersion: number;
      panels: Panel[];
    };
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(38);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { type, title, gridPos, targets = [] } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      if (type !== "row") expect(targets, title).not.toEqual([]);
      for (const { expr } of targets) {
        checkExpression(expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"));
      }
    }
  });

  it("has alert rules whose expressions name metrics and labels that exist", () => {
    const { groups } = parse(read("helm/freshet/files/alerts.yaml")) as {
      groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
    };
    const rules = groups.flatMap((group) => group.rules);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr, annotations } of rules) {
      expect(Object.keys(annotations), alert).toEqual(["summary", "description"]);
      if (!expr.startsWith("up{")) checkExpression(expr);
    }
  });
});
