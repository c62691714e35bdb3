import type { IndexSpec } from "@freshet/types";
import type { Block } from "../plan/block.ts";
import type { Expr } from "../plan/expression.ts";
import type { JoinPlan, PlanStep } from "../plan/join-plan.ts";
import type { Layout } from "../plan/layout.ts";
import { BlockEvaluator } from "./block-evaluator.ts";
import { compileFilter } from "./compile-expression.ts";
import type { Env } from "./compile-expression.ts";
import { DerivedStep } from "./derived-step.ts";
import { keyedVariant } from "./keyed-variant.ts";
import { bindAll, LeftStep } from "./left-step.ts";
import type { Run, Sink, Step } from "./run.ts";
import { TableStep } from "./table-step.ts";

/** A join plan compiled to steps over one block's environment. */
export class Pipeline {
  readonly #steps: readonly Step[];
  readonly #filter: ((env: Env) => boolean) | null;
  readonly stepCount: number;

  constructor(block: Block, layout: Layout, params: number, plan: JoinPlan, indexes: IndexSpec[]) {
    let count = 0;
    const compile = (step: PlanStep): Step => {
      switch (step.kind) {
        case "table": {
          const source = block.sources[step.source]!;
          if (source.kind !== "table") throw new TypeError("a table step of a derived source");
          if (step.lookup !== null) indexes.push(step.lookup.index);
          return new TableStep(
            count++,
            step.source,
            source.table,
            layout,
            layout.slotOf,
            step.lookup,
            step.filters,
          );
        }
        case "derived": {
          const source = block.sources[step.source]!;
          if (source.kind !== "derived") throw new TypeError("a derived step of a table");
          const variant = keyedVariant(source.block, step.edges, params);
          return new DerivedStep(
            count++,
            step.source,
            layout,
            layout.slotOf,
            params,
            new BlockEvaluator(source.block, params, indexes),
            variant === null
              ? null
              : new BlockEvaluator(variant, params + step.edges.length, indexes),
            step.edges,
            step.filters,
          );
        }
        case "left":
          return new LeftStep(
            step.steps.map(compile),
            step.sources,
            layout,
            layout.slotOf,
            step.filters,
          );
      }
    };
    this.#steps = plan.steps.map(compile);
    this.#filter = compileFilter(plan.filters as readonly Expr[], layout.slotOf);
    this.stepCount = count;
  }

  bind(run: Run, sink: Sink): Sink {
    const start = bindAll(this.#steps, run, sink);
    const filter = this.#filter;
    if (filter === null) return start;
    return () => {
      if (filter(run.env)) start();
    };
  }
}
