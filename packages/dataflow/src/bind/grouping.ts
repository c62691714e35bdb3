import { Unsupported } from "@freshet/sql";
import type { Expression } from "@freshet/sql";
import { isHashable } from "@freshet/types";
import type { Aggregate, Block, Source } from "../plan/block.ts";
import { hasSpellings } from "../plan/one-form.ts";
import { fingerprint, GROUP_SOURCE, rewrite, sameExpr } from "../plan/expression.ts";
import type { ColumnExpr, Expr } from "../plan/expression.ts";
import type { BindContext } from "./context.ts";
import type { ExpressionBinder, Place } from "./expressions.ts";
import type { Scope } from "./scope.ts";

/** Aggregates while keys may still be added; becomes GROUP_SOURCE at the end. */
const AGGREGATE_SOURCE = -2;

/**
 * Brings expressions of a grouped SELECT from the level of input rows to the level of groups:
 * grouping expressions and aggregates become columns of the group's row. A column that depends on
 * a grouped primary key becomes one more key, which splits no group.
 */
export class GroupingBinder {
  readonly #context: BindContext;
  readonly #expressions: ExpressionBinder;
  readonly #scope: Scope;
  readonly #sources: readonly Source[];
  readonly #keys: Expr[] = [];
  readonly #aggregates: Aggregate[] = [];

  constructor(
    context: BindContext,
    expressions: ExpressionBinder,
    scope: Scope,
    sources: readonly Source[],
  ) {
    this.#context = context;
    this.#expressions = expressions;
    this.#scope = scope;
    this.#sources = sources;
  }

  key(expr: Expr): void {
    const reason = isHashable(expr.type);
    if (reason !== null) throw new Unsupported(`GROUP BY: ${reason}`);
    this.#context.dialect.grouped(expr.type);
    if (!this.#keys.some((key) => sameExpr(key, expr))) this.#keys.push(expr);
  }

  get place(): Place {
    return { scope: this.#scope, aggregate: (call) => this.#aggregate(call) };
  }

  finish(
    outputs: readonly Expr[],
    having: readonly Expr[],
    extras: readonly Expr[],
  ): {
    readonly grouping: NonNullable<Block["grouping"]>;
    readonly outputs: readonly Expr[];
    readonly extras: readonly Expr[];
  } {
    const keyed = (exprs: readonly Expr[]): readonly Expr[] => exprs.map((e) => this.#toKeys(e));
    const [a, b, c] = [keyed(outputs), keyed(having), keyed(extras)];
    const count = this.#keys.length;
    const place = (exprs: readonly Expr[]): readonly Expr[] =>
      exprs.map((expr) =>
        rewrite(expr, (node) =>
          node.kind === "column" && node.source === AGGREGATE_SOURCE
            ? { ...node, source: GROUP_SOURCE, column: node.column + count }
            : node,
        ),
      );
    // The extrema of groups are kept where the groups are.
    const stored = (made: Aggregate): Aggregate =>
      made.arg !== null && (made.call === "min" || made.call === "max")
        ? { ...made, arg: this.#context.dialect.stored(made.arg) }
        : made;
    return {
      grouping: {
        keys: this.#keys.map((key) => this.#context.dialect.stored(key)),
        aggregates: this.#keys.length === 0 ? this.#aggregates : this.#aggregates.map(stored),
        having: place(b),
      },
      outputs: place(a),
      extras: place(c),
    };
  }

  #aggregate(call: Expression & { kind: "call" }): Expr {
    const inside: Place = { scope: this.#scope, aggregate: null };
    const { dialect } = this.#context;
    const filter =
      call.filter === null
        ? null
        : this.#expressions.condition(call.filter, inside, false, "FILTER");
    const made = dialect.aggregate({
      name: call.name,
      args: call.args.map((arg) => this.#expressions.operand(arg, inside)),
      star: call.star,
      distinct: call.distinct,
      filter,
    });
    const column = this.#place(made);
    return { kind: "column", source: AGGREGATE_SOURCE, column, type: made.type };
  }

  #toKeys(expr: Expr): Expr {
    const index = this.#keys.findIndex((key) => sameExpr(key, expr));
    if (index >= 0) return this.#key(index);
    if (expr.kind === "column") {
      if (expr.source < 0) return expr;
      return this.#dependent(expr);
    }
    return mapChildren(expr, (child) => this.#toKeys(child));
  }

  /** A key's value in the group; where its spelling may vary, an aggregate that notices. */
  #key(index: number): Expr {
    const key = this.#keys[index]!;
    const { type } = key;
    if (!this.#context.dialect.rules.onlyOneForm || !hasSpellings(type)) {
      return { kind: "column", source: GROUP_SOURCE, column: index, type };
    }
    const column = this.#place({ call: "only", arg: key, distinct: false, filter: null, type });
    return { kind: "column", source: AGGREGATE_SOURCE, column, type };
  }

  #place(made: Aggregate): number {
    const known = this.#aggregates.findIndex((other) => sameAggregate(other, made));
    return known >= 0 ? known : this.#aggregates.push(made) - 1;
  }

  #dependent(column: ColumnExpr): Expr {
    const source = this.#sources[column.source]!;
    const grouped = new Set<number>();
    for (const key of this.#keys) {
      if (key.kind === "column" && key.source === column.source) grouped.add(key.column);
    }
    const table = source.kind === "table" ? source.table : null;
    const keys =
      table === null ? [] : [...(table.key === null ? [] : [table.key]), ...table.uniqueKeys];
    if (!keys.some((key) => key.every((position) => grouped.has(position)))) {
      throw new Unsupported(`a column of ${source.label} must appear in GROUP BY`);
    }
    return this.#key(this.#keys.push(column) - 1);
  }
}

function sameAggregate(a: Aggregate, b: Aggregate): boolean {
  const same = (x: Expr | null, y: Expr | null): boolean =>
    x === null || y === null ? x === y : fingerprint(x) === fingerprint(y);
  return (
    a.call === b.call && a.distinct === b.distinct && same(a.arg, b.arg) && same(a.filter, b.filter)
  );
}

/** Like `rewrite`, one level deep, so that a matched subtree is not entered. */
function mapChildren(expr: Expr, change: (child: Expr) => Expr): Expr {
  switch (expr.kind) {
    case "const":
    case "param":
    case "column":
      return expr;
    case "call":
    case "and":
    case "or":
    case "coalesce":
    case "extremum":
      return { ...expr, args: expr.args.map(change) };
    case "compare":
    case "distinct-from":
      return { ...expr, left: change(expr.left), right: change(expr.right) };
    case "not":
    case "is":
      return { ...expr, arg: change(expr.arg) };
    case "in":
      return {
        ...expr,
        operand: change(expr.operand),
        list: "param" in expr.list ? expr.list : expr.list.map(change),
      };
    case "case":
      return {
        ...expr,
        branches: expr.branches.map((b) => ({ when: change(b.when), then: change(b.then) })),
        otherwise: change(expr.otherwise),
      };
  }
}
