import type { Expr } from "../plan/expression.ts";
import type { Layout } from "../plan/layout.ts";
import { compileFilter } from "./compile-expression.ts";
import type { Env, SlotOf } from "./compile-expression.ts";
import type { Run, Sink, Step } from "./run.ts";

/** Left join: the rows of the nested steps, or one row of NULLs where they give none. */
export class LeftStep implements Step {
  readonly #steps: readonly Step[];
  /** Environment slots of everything on the null-supplying side. */
  readonly #slots: readonly number[];
  readonly #filter: ((env: Env) => boolean) | null;

  constructor(
    steps: readonly Step[],
    sources: readonly number[],
    layout: Layout,
    slotOf: SlotOf,
    filters: readonly Expr[],
  ) {
    this.#steps = steps;
    this.#slots = sources.flatMap((source) =>
      layout.columns[source]!.map((_, index) => layout.base[source]! + index),
    );
    this.#filter = compileFilter(filters, slotOf);
  }

  bind(run: Run, next: Sink): Sink {
    const { env } = run;
    const filter = this.#filter;
    const slots = this.#slots;
    const emit = (): void => {
      if (filter === null || filter(env)) next();
    };
    let matched = false;
    const inner = bindAll(this.#steps, run, () => {
      matched = true;
      emit();
    });
    return () => {
      matched = false;
      inner();
      if (matched) return;
      for (const slot of slots) env[slot] = null;
      emit();
    };
  }
}

/** Chains steps so that calling the result runs them all, ending in `sink` once per row. */
export function bindAll(steps: readonly Step[], run: Run, sink: Sink): Sink {
  let next = sink;
  for (let index = steps.length - 1; index >= 0; index -= 1) next = steps[index]!.bind(run, next);
  return next;
}
