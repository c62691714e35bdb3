import { Unsupported } from "@freshet/sql";
import type { Expression, SelectStatement } from "@freshet/sql";
import { isHashable, isOrderable } from "@freshet/types";
import type { Block, Group, Ordering, OutputColumn, Source } from "../plan/block.ts";
import { columnsOf, sameExpr } from "../plan/expression.ts";
import type { Expr } from "../plan/expression.ts";
import type { DialectSemantics } from "../dialects/dialect.ts";
import type { BindContext, NamedQueries } from "./context.ts";
import { ExpressionBinder } from "./expressions.ts";
import type { Place } from "./expressions.ts";
import { bindFrom, crossJoin, EMPTY_GROUP } from "./from.ts";
import type { BoundFrom, FromBinder } from "./from.ts";
import { GroupingBinder } from "./grouping.ts";
import { EMPTY_SCOPE, findRelation } from "./scope.ts";
import type { Scope, ScopeColumn } from "./scope.ts";

interface Item {
  readonly name: string;
  /** Null for a column that a star brought. */
  readonly node: Expression | null;
  readonly alias: string | null;
  readonly column: ScopeColumn | null;
}

/** Binds one statement: every SELECT in it becomes a `Block` or is merged into one. */
export class SelectBinder {
  readonly #context: BindContext;
  readonly #expressions: ExpressionBinder;

  constructor(context: BindContext) {
    this.#context = context;
    this.#expressions = new ExpressionBinder(context);
  }

  /** `outermost`: literals in its WHERE, LIMIT and OFFSET become parameters. */
  block(query: SelectStatement, environment: NamedQueries, outermost: boolean): Block {
    const sources: Source[] = [];
    const names = withCtes(query, environment);
    const from = this.#from(query, names, this.#fromBinder(sources), false, outermost);
    const { scope } = from;
    const { dialect } = this.#context;
    const place: Place = { scope, aggregate: null };
    const items = expandItems(query, scope, dialect);
    const grouping = new GroupingBinder(this.#context, this.#expressions, scope, sources);
    for (const node of query.groupBy) grouping.key(this.#groupKey(node, items, place));
    const grouped =
      query.groupBy.length > 0 || query.having !== null || usesAggregate(query, this.#context);
    const inner: Place = grouped ? grouping.place : place;
    const visible = items.map((item): OutputColumn => ({
      name: item.name,
      expr: this.#item(item, inner),
    }));
    const having = query.having === null ? [] : this.#having(query, items, inner);
    const sort = query.orderBy.map((item) => ({
      item,
      ...this.#orderTarget(item.expression, items, visible, inner),
    }));
    const extra = sort.flatMap(({ expr }) => (expr === null ? [] : [expr]));
    const level = grouped
      ? grouping.finish(
          visible.map((column) => column.expr),
          having,
          extra,
        )
      : null;
    const sent = (expr: Expr): Expr => {
      if (!outermost) return dialect.stored(expr);
      const shown = dialect.output(expr);
      return query.distinct ? dialect.stored(shown) : shown;
    };
    const output: OutputColumn[] = visible.map((column, index) => ({
      name: column.name,
      expr: sent(level === null ? column.expr : level.outputs[index]!),
    }));
    const extras = (level === null ? extra : level.extras).map(sent);
    const order = this.#order(sort, output, extras, query.distinct, visible.length);
    if (query.distinct) {
      for (const column of output.slice(0, visible.length)) {
        hashable(column.expr, "DISTINCT");
        dialect.grouped(column.expr.type);
      }
    }
    return {
      sources,
      from: from.group,
      grouping: level === null ? null : level.grouping,
      output,
      visible: visible.length,
      distinct: query.distinct,
      order,
      limit: this.#limit(query.limit, "limit", outermost),
      offset: this.#limit(query.offset, "offset", outermost),
    };
  }

  /** Names mean aliases here where the dialect has it so; one that also is a column is refused. */
  #having(query: SelectStatement, items: readonly Item[], place: Place): readonly Expr[] {
    const { dialect } = this.#context;
    const having = query.having!;
    if (!dialect.rules.aliasesInHaving) return this.#expressions.conjuncts(having, place, false);
    if (query.groupBy.length === 0 && !usesAggregate(query, this.#context)) {
      throw new Unsupported("HAVING without GROUP BY or an aggregate");
    }
    const alias = (written: string): Expr | null => {
      const name = dialect.fold(written);
      const found = items.filter((item) => item.alias !== null && item.name === name);
      const [first] = found;
      if (first === undefined) return null;
      const column = place.scope.star.find((candidate) => candidate.name === name);
      const expr = this.#item(first, place);
      if (found.length > 1 || (column !== undefined && !sameExpr(column.expr, expr))) {
        throw new Unsupported(`${written} in HAVING is ambiguous`);
      }
      return expr;
    };
    return this.#expressions.conjuncts(having, { ...place, alias }, false);
  }

  #fromBinder(sources: Source[]): FromBinder {
    const binder: FromBinder = {
      context: this.#context,
      sources,
      conjuncts: (condition, scope, parameters) =>
        this.#expressions.conjuncts(condition, { scope, aggregate: null }, parameters),
      block: (query, environment) => this.block(query, environment, false),
      merge: (query, environment, nullable, parameters) =>
        this.#merge(query, environment, binder, nullable, parameters),
    };
    return binder;
  }

  #from(
    query: SelectStatement,
    names: NamedQueries,
    binder: FromBinder,
    nullable: boolean,
    parameters: boolean,
  ): BoundFrom {
    let bound: BoundFrom = { scope: EMPTY_SCOPE, group: EMPTY_GROUP };
    for (const item of query.from) {
      bound = crossJoin(bound, bindFrom(binder, item, names, nullable, parameters));
    }
    if (query.where === null) return bound;
    const conjuncts = binder.conjuncts(query.where, bound.scope, parameters);
    const group: Group = { ...bound.group, conjuncts: [...bound.group.conjuncts, ...conjuncts] };
    return { scope: bound.scope, group };
  }

  /** Merges a plain subquery; below an outer join only if its columns are plain. */
  #merge(
    query: SelectStatement,
    environment: NamedQueries,
    binder: FromBinder,
    nullable: boolean,
    parameters: boolean,
  ): BoundFrom | null {
    const plain =
      !query.distinct &&
      query.groupBy.length === 0 &&
      query.having === null &&
      query.limit === null &&
      query.offset === null &&
      query.orderBy.length === 0 &&
      query.from.length > 0 &&
      !usesAggregate(query, this.#context);
    if (!plain) return null;
    if (
      nullable &&
      query.items.some((item) => item.kind === "expression" && item.expression.kind !== "column")
    ) {
      return null;
    }
    const names = withCtes(query, environment);
    const bound = this.#from(query, names, binder, nullable, parameters);
    const place: Place = { scope: bound.scope, aggregate: null };
    const columns = expandItems(query, bound.scope, this.#context.dialect).map(
      (item): ScopeColumn => ({
        name: item.name,
        expr: this.#item(item, place),
        use: () => undefined,
      }),
    );
    return { scope: { relations: [], star: columns }, group: bound.group };
  }

  #item(item: Item, place: Place): Expr {
    if (item.column !== null) {
      item.column.use();
      return item.column.expr;
    }
    return this.#expressions.expression(item.node!, place);
  }

  /** GROUP BY takes an ordinal, an input column, then an output name, in this order. */
  #groupKey(node: Expression, items: readonly Item[], place: Place): Expr {
    const target = this.#ordinal(node, items, "GROUP BY");
    if (target !== null) return this.#item(target, place);
    if (node.kind === "column" && node.path.length === 1) {
      const name = this.#context.dialect.fold(node.path[0]!);
      const column = place.scope.star.find((candidate) => candidate.name === name);
      if (column === undefined) {
        const aliased = items.find((item) => item.name === name);
        if (aliased !== undefined) return this.#item(aliased, place);
      } else if (this.#context.dialect.rules.aliasesInHaving) {
        // The column it is, with a warning.
        const other = items.find(
          (item) =>
            item.alias !== null &&
            item.name === name &&
            !sameExpr(this.#item(item, place), column.expr),
        );
        if (other !== undefined) throw new Unsupported(`GROUP BY ${node.path[0]} is ambiguous`);
      }
    }
    return this.#expressions.expression(node, place);
  }

  /** An ordinal is a literal, so it stays as written; a parameter would change its meaning. */
  #ordinal(node: Expression, items: readonly Item[], what: string): Item | null {
    if (node.kind === "placeholder") throw new Unsupported(`a parameter as ${what} item`);
    if (node.kind !== "literal") return null;
    if (node.literal !== "integer") throw new Unsupported(`a constant as ${what} item`);
    const item = items[Number(node.text) - 1];
    if (item === undefined) throw new Unsupported(`${what} position ${node.text}`);
    return item;
  }

  /** ORDER BY takes an ordinal, then an output name, then an expression over the input. */
  #orderTarget(
    node: Expression,
    items: readonly Item[],
    visible: readonly OutputColumn[],
    place: Place,
  ):
    | { readonly column: number; readonly expr: null }
    | { readonly column: null; readonly expr: Expr } {
    const ordinal = this.#ordinal(node, items, "ORDER BY");
    if (ordinal !== null) return { column: items.indexOf(ordinal), expr: null };
    if (node.kind === "column" && node.path.length === 1) {
      const name = this.#context.dialect.fold(node.path[0]!);
      const matches = visible.flatMap((column, index) => (column.name === name ? [index] : []));
      const [first, ...others] = matches;
      if (first !== undefined) {
        if (others.some((index) => !sameExpr(visible[index]!.expr, visible[first]!.expr))) {
          throw new Unsupported(`ORDER BY ${node.path[0]} is ambiguous`);
        }
        return { column: first, expr: null };
      }
    }
    return { column: null, expr: this.#expressions.expression(node, place) };
  }

  /** Resolves sort items to output columns, adding hidden ones at the end of `output`. */
  #order(
    sort: readonly {
      readonly item: SelectStatement["orderBy"][number];
      readonly column: number | null;
    }[],
    output: OutputColumn[],
    extras: readonly Expr[],
    distinct: boolean,
    visible: number,
  ): readonly Ordering[] {
    let nextExtra = 0;
    return sort.map(({ item, column }): Ordering => {
      let target = column;
      if (target === null) {
        const expr = extras[nextExtra]!;
        nextExtra += 1;
        target = output.findIndex((candidate) => sameExpr(candidate.expr, expr));
        if (target < 0) {
          if (distinct)
            throw new Unsupported("ORDER BY expressions must appear in SELECT DISTINCT");
          target = output.push({ name: "", expr }) - 1;
        }
      }
      if (distinct && target >= visible) throw new Unsupported("ORDER BY of SELECT DISTINCT");
      const { type } = output[target]!.expr;
      const reason = isOrderable(type);
      if (reason !== null) throw new Unsupported(`ORDER BY: ${reason}`);
      this.#context.dialect.sorted(type);
      const { descending } = item;
      const nullsFirst = item.nullsFirst ?? this.#context.dialect.nullsFirst(descending);
      return { column: target, descending, nullsFirst };
    });
  }

  #limit(node: Expression | null, role: "limit" | "offset", outermost: boolean): Expr | null {
    if (node === null || node.kind === "null") return null;
    const context = this.#context;
    const type = context.dialect.limitType;
    context.label = role.toUpperCase();
    if (
      node.kind === "placeholder" ||
      (outermost && node.kind === "literal" && node.literal === "integer")
    ) {
      return context.param(node.at, type, role);
    }
    const operand = this.#expressions.operand(node, { scope: EMPTY_SCOPE, aggregate: null });
    const expr =
      operand.kind === "untyped" ? operand.resolve(type) : context.dialect.cast(operand, type);
    if (columnsOf(expr).length > 0) throw new Unsupported(`${role} of an expression`);
    return expr;
  }
}

export function hashable(expr: Expr, what: string): void {
  const reason = isHashable(expr.type);
  if (reason !== null) throw new Unsupported(`${what}: ${reason}`);
}

function withCtes(query: SelectStatement, environment: NamedQueries): NamedQueries {
  if (query.ctes.length === 0) return environment;
  const names = new Map(environment);
  for (const cte of query.ctes) {
    names.set(cte.name, { query: cte.query, columns: cte.columns, environment: new Map(names) });
  }
  return names;
}

function expandItems(
  query: SelectStatement,
  scope: Scope,
  dialect: DialectSemantics,
): readonly Item[] {
  return query.items.flatMap((item): readonly Item[] => {
    if (item.kind === "star") {
      const columns =
        item.relation === null ? scope.star : findRelation(scope, item.relation).columns;
      return columns
        .filter((column) => column.hidden !== true)
        .map((column) => ({ name: column.name, node: null, alias: null, column }));
    }
    const name = dialect.fold(item.alias ?? dialect.columnName(item.expression));
    return [{ name, node: item.expression, alias: item.alias, column: null }];
  });
}

/** Whether the SELECT itself (not its subqueries) calls an aggregate. */
function usesAggregate(query: SelectStatement, context: BindContext): boolean {
  const found = (node: Expression | null): boolean => {
    if (node === null) return false;
    if (node.kind === "call" && context.dialect.isAggregate(node.name)) return true;
    return operandsOf(node).some(found);
  };
  return (
    query.items.some((item) => item.kind === "expression" && found(item.expression)) ||
    found(query.having) ||
    query.orderBy.some((item) => found(item.expression))
  );
}

function operandsOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case "column":
    case "null":
    case "boolean":
    case "literal":
    case "placeholder":
      return [];
    case "unary":
    case "is":
    case "cast":
    case "collate":
      return [node.operand];
    case "array":
      return node.elements;
    case "binary":
    case "distinct-from":
      return [node.left, node.right];
    case "and":
    case "or":
      return node.operands;
    case "in-list":
      return [node.operand, ...node.list];
    case "any-array":
      return [node.operand, node.array];
    case "between":
      return [node.operand, node.low, node.high];
    case "case": {
      const branches = node.branches.flatMap((branch) => [branch.when, branch.then]);
      return [node.operand, node.otherwise, ...branches].filter((item) => item !== null);
    }
    case "call":
      return node.args;
  }
}
