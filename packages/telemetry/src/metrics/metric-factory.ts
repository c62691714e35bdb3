import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What a metric is, for the reference. */
export interface MetricDefinition {
  /** As on the wire: `freshet_…`, the unit last, then `_total` for counters. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

/** How the threads' values of a gauge become one: counters and histograms always add up. */
export type GaugeMerge = "sum" | "max" | "min";

/** From a hit upwards. */
export const FAST_SECONDS: readonly number[] = [
  ...[1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 0.1],
];
/** What needs another process. */
export const SLOW_SECONDS: readonly number[] = [
  ...[5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];
/** What reads whole tables. */
export const LONG_SECONDS: readonly number[] = [
  ...[0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600, 10_800, 36_000],
];

/** Makes the metrics of one area and remembers what they are. */
export class MetricFactory {
  readonly definitions: MetricDefinition[] = [];
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter<L extends string = never>(name: string, help: string, labels: L[] = []): Counter<L> {
    return new Counter({ ...this.#define("counter", name, help, labels), labelNames: labels });
  }

  gauge<L extends string = never>(
    name: string,
    help: string,
    labels: L[] = [],
    aggregator: GaugeMerge = "sum",
  ): Gauge<L> {
    const base = this.#define("gauge", name, help, labels);
    return new Gauge({ ...base, labelNames: labels, aggregator });
  }

  histogram<L extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: L[] = [],
  ): Histogram<L> {
    const base = this.#define("histogram", name, help, labels);
    return new Histogram({ ...base, labelNames: labels, buckets: [...buckets] });
  }

  #define(
    kind: MetricDefinition["kind"],
    name: string,
    help: string,
    labels: readonly string[],
  ): { name: string; help: string; registers: Registry[] } {
    const definition = { kind, name: `freshet_${name}`, help, labels };
    this.definitions.push(definition);
    return { name: definition.name, help, registers: [this.#registry] };
  }
}
