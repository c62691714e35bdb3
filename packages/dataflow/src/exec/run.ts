import type { Snapshot, Value } from "@freshet/types";
import type { Env } from "./compile-expression.ts";

/**
 * One evaluation of a plan: the environment that its closures share, the snapshot each source is
 * read at, and what steps keep for the length of the run (hash tables, derived rows).
 */
export interface Run {
  readonly env: Env;
  snapshot(source: number): Snapshot;
  /** By step number. */
  readonly state: unknown[];
}

/** Called once per row that reaches the end; the row is what the environment holds. */
export type Sink = () => void;

/** A step of a compiled pipeline: given what follows it, gives what to call per row before it. */
export interface Step {
  bind(run: Run, next: Sink): Sink;
}

export function createRun(
  size: number,
  steps: number,
  snapshot: (source: number) => Snapshot,
): Run {
  return {
    env: new Array<Value>(size).fill(null),
    snapshot,
    state: new Array<unknown>(steps).fill(undefined),
  };
}
