import { isHashable } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import type { Block, Group, Source } from "./block.ts";
import { groupSources } from "./block.ts";
import { chooseIndex, equalityEdges, rangeEdges } from "./access.ts";
import type { ChosenIndex, EqualityEdge } from "./access.ts";
import { sourcesOf } from "./expression.ts";
import type { Expr } from "./expression.ts";

/**
 * The order in which a group's sources are bound, and how each is reached: an index nested-loop
 * plan. The runtime turns a look-up that is probed very often into a hash join.
 */
export type PlanStep =
  | {
      readonly kind: "table";
      readonly source: number;
      readonly lookup: ChosenIndex | null;
      readonly filters: readonly Expr[];
    }
  | {
      readonly kind: "derived";
      readonly source: number;
      readonly edges: readonly EqualityEdge[];
      readonly filters: readonly Expr[];
    }
  | {
      readonly kind: "left";
      readonly steps: readonly PlanStep[];
      readonly sources: readonly number[];
      /** Conditions above the left join that become decidable with it. */
      readonly filters: readonly Expr[];
    };

export interface JoinPlan {
  /** Conditions on what is bound before the first step. */
  readonly filters: readonly Expr[];
  readonly steps: readonly PlanStep[];
}

export function planJoin(block: Block, group: Group, boundBefore: ReadonlySet<number>): JoinPlan {
  return new Planner(block.sources).plan(group, new Set(boundBefore));
}

class Planner {
  readonly #sources: readonly Source[];

  constructor(sources: readonly Source[]) {
    this.#sources = sources;
  }

  plan(group: Group, bound: Set<number>): JoinPlan {
    const pending = new Set(group.conjuncts);
    const sources = new Set(group.sources.filter((source) => !bound.has(source)));
    const lefts = new Set(group.lefts);
    const filters = takeDecidable(pending, bound);
    const steps: PlanStep[] = [];
    while (sources.size > 0 || lefts.size > 0) {
      const best = this.#best(sources, group, [...pending], bound);
      const left = best !== null && best.score < 4 ? undefined : firstReady(lefts, bound, group);
      if (left !== undefined) {
        lefts.delete(left);
        steps.push(this.#left(left, bound, pending));
      } else if (best !== null) {
        sources.delete(best.source);
        steps.push(this.#source(best.source, bound, pending));
      } else throw new InvariantError("a left join whose conditions can never be decided");
    }
    return { filters, steps };
  }

  #left(left: Group, bound: Set<number>, pending: Set<Expr>): PlanStep {
    const inner = this.plan(left, new Set(bound));
    const sources = groupSources(left);
    for (const source of sources) bound.add(source);
    const gate = inner.filters;
    // Conditions of ON that need nothing of this side decide before anything is read.
    const steps = gate.length === 0 ? inner.steps : withGate(gate, inner.steps);
    return { kind: "left", steps, sources, filters: takeDecidable(pending, bound) };
  }

  #source(source: number, bound: Set<number>, pending: Set<Expr>): PlanStep {
    const conjuncts = [...pending];
    const edges = equalityEdges(conjuncts, source, bound).filter(
      (e) => isHashable(e.type) === null,
    );
    const described = this.#sources[source]!;
    if (described.kind === "derived") {
      const used = firstPerColumn(edges);
      bound.add(source);
      for (const edge of used) pending.delete(edge.conjunct);
      return { kind: "derived", source, edges: used, filters: takeDecidable(pending, bound) };
    }
    const lookup = chooseIndex(described.table, edges, rangeEdges(conjuncts, source, bound));
    bound.add(source);
    if (lookup !== null) {
      for (const edge of [...lookup.equal, ...lookup.range]) pending.delete(edge.conjunct);
    }
    return { kind: "table", source, lookup, filters: takeDecidable(pending, bound) };
  }

  /** The cheapest source to bind next; 0 is a unique look-up, 4 a scan without conditions. */
  #best(
    sources: ReadonlySet<number>,
    group: Group,
    conjuncts: readonly Expr[],
    bound: ReadonlySet<number>,
  ): { readonly source: number; readonly score: number } | null {
    let best: { source: number; score: number } | null = null;
    for (const source of sources) {
      const score = this.#score(source, group, conjuncts, bound);
      if (best === null || score < best.score) best = { source, score };
    }
    return best;
  }

  #score(
    source: number,
    group: Group,
    conjuncts: readonly Expr[],
    bound: ReadonlySet<number>,
  ): number {
    const described = this.#sources[source]!;
    const edges = equalityEdges(conjuncts, source, bound);
    if (described.kind === "derived") return edges.length > 0 ? 2.5 : 4.1;
    const lookup = chooseIndex(described.table, edges, rangeEdges(conjuncts, source, bound));
    if (lookup !== null && lookup.equal.length > 0) {
      const lists = lookup.equal.some((edge) => "list" in edge.value) ? 0.5 : 0;
      return (lookup.unique ? 0 : 2) + lists - lookup.equal.length / 10;
    }
    if (lookup !== null) return 3;
    const own = conjuncts.some((conjunct) => {
      const needs = sourcesOf(conjunct);
      return needs.has(source) && [...needs].every((other) => other === source || bound.has(other));
    });
    return (own ? 3.5 : 4) + this.#detail(source, group) / 100;
  }

  /** Negative for a table whose joins lead to unique keys of others: a good place to start. */
  #detail(source: number, group: Group): number {
    let score = 0;
    const others = new Set(group.sources.filter((other) => other !== source));
    const table = this.#sources[source]!;
    if (table.kind === "table" && this.#uniqueVia(source, group, others)) score += 1;
    for (const other of others) {
      if (this.#uniqueVia(other, group, new Set([source]))) score -= 1;
    }
    return score;
  }

  #uniqueVia(source: number, group: Group, bound: ReadonlySet<number>): boolean {
    const described = this.#sources[source]!;
    if (described.kind !== "table") return false;
    const edges = equalityEdges(group.conjuncts, source, bound);
    return chooseIndex(described.table, edges, [])?.unique === true;
  }
}

function firstPerColumn(edges: readonly EqualityEdge[]): readonly EqualityEdge[] {
  const seen = new Set<number>();
  return edges.filter((edge) => {
    if (seen.has(edge.column) || "list" in edge.value) return false;
    seen.add(edge.column);
    return true;
  });
}

function takeDecidable(pending: Set<Expr>, bound: ReadonlySet<number>): readonly Expr[] {
  const taken: Expr[] = [];
  for (const conjunct of pending) {
    if ([...sourcesOf(conjunct)].every((source) => bound.has(source))) {
      taken.push(conjunct);
      pending.delete(conjunct);
    }
  }
  return taken;
}

/** A left join may be evaluated once everything around it that its conditions name is bound. */
function firstReady(
  lefts: ReadonlySet<Group>,
  bound: ReadonlySet<number>,
  group: Group,
): Group | undefined {
  for (const left of lefts) {
    const inside = new Set(groupSources(left));
    const needs = new Set<number>();
    collectSources(left, needs);
    const ready = [...needs].every((source) => inside.has(source) || bound.has(source));
    // Without any source of the group bound, there is no row to extend yet.
    const started = group.sources.length === 0 || group.sources.some((source) => bound.has(source));
    if (ready && started) return left;
  }
  return undefined;
}

function collectSources(group: Group, into: Set<number>): void {
  for (const conjunct of group.conjuncts)
    for (const source of sourcesOf(conjunct)) into.add(source);
  for (const left of group.lefts) collectSources(left, into);
}

function withGate(gate: readonly Expr[], steps: readonly PlanStep[]): readonly PlanStep[] {
  const [first, ...rest] = steps;
  if (first === undefined) return steps;
  return [{ ...first, filters: [...gate, ...first.filters] }, ...rest];
}
