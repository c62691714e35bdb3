import { Unsupported } from "@freshet/sql";
import type { Expression, FromItem, SelectStatement } from "@freshet/sql";
import type { Column, SqlType } from "@freshet/types";
import type { Block, Group, Source } from "../plan/block.ts";
import type { Expr } from "../plan/expression.ts";
import type { BindContext, NamedQueries } from "./context.ts";
import { joinScopes } from "./scope.ts";
import type { Relation, Scope, ScopeColumn } from "./scope.ts";

/** What binding FROM needs of the binding of SELECT and of conditions. */
export interface FromBinder {
  readonly context: BindContext;
  /** The sources of the block being built; numbers are indexes. */
  readonly sources: Source[];
  /** Conjuncts of a condition; `parameters`: literals beside columns become parameters. */
  conjuncts(condition: Expression, scope: Scope, parameters: boolean): readonly Expr[];
  /** A subquery as a block of its own. */
  block(query: SelectStatement, environment: NamedQueries): Block;
  /** A subquery without grouping and the like, merged into this block; null when it has them. */
  merge(
    query: SelectStatement,
    environment: NamedQueries,
    nullable: boolean,
    parameters: boolean,
  ): BoundFrom | null;
}

export interface BoundFrom {
  readonly scope: Scope;
  readonly group: Group;
}

export const EMPTY_GROUP: Group = { sources: [], conjuncts: [], lefts: [] };

/**
 * Binds FROM into the normal form of `Group`. `nullable` is true below the null-supplying side of
 * an outer join, where literals stay as written and only plain columns may be merged.
 */
export function bindFrom(
  binder: FromBinder,
  item: FromItem,
  environment: NamedQueries,
  nullable: boolean,
  parameters: boolean,
): BoundFrom {
  switch (item.kind) {
    case "table": {
      const named = item.schema === null ? environment.get(item.name) : undefined;
      if (named !== undefined) {
        const aliases = item.columnAliases.length > 0 ? item.columnAliases : named.columns;
        const alias = item.alias ?? item.name;
        return bindSubquery(
          binder,
          named.query,
          alias,
          aliases,
          named.environment,
          nullable,
          parameters,
        );
      }
      return bindTable(binder, item);
    }
    case "subquery":
      return bindSubquery(
        binder,
        item.query,
        item.alias,
        item.columnAliases,
        environment,
        nullable,
        parameters,
      );
    case "join":
      return bindJoin(binder, item, environment, nullable, parameters);
  }
}

/** FROM a, b: an inner join without conditions. */
export function crossJoin(left: BoundFrom, right: BoundFrom): BoundFrom {
  return { scope: joinScopes(left.scope, right.scope), group: inner(left.group, right.group, []) };
}

function inner(left: Group, right: Group, conjuncts: readonly Expr[]): Group {
  return {
    sources: [...left.sources, ...right.sources],
    conjuncts: [...left.conjuncts, ...right.conjuncts, ...conjuncts],
    lefts: [...left.lefts, ...right.lefts],
  };
}

function bindTable(binder: FromBinder, item: FromItem & { kind: "table" }): BoundFrom {
  const { context } = binder;
  const table = context.table(item.schema, item.name);
  const alias = item.alias ?? item.name;
  const source = binder.sources.push({ kind: "table", table, label: alias }) - 1;
  const columns = table.columns.map((column, index): ScopeColumn => ({
    name: context.dialect.fold(column.name),
    expr: { kind: "column", source, column: index, type: column.type },
    hidden: isHidden(column),
    use: () => context.use(table, index),
  }));
  const schema = item.alias === null ? table.schema : null;
  return relationOf(alias, schema, rename(binder, columns, item.columnAliases, alias), [source]);
}

/** An invisible column: named, it is there; `*` leaves it out. */
function isHidden(column: Column & { readonly hidden?: boolean }): boolean {
  return column.hidden === true;
}

function relationOf(
  alias: string,
  schema: string | null,
  columns: readonly ScopeColumn[],
  sources: readonly number[],
): BoundFrom {
  const relation: Relation = { alias, schema, columns };
  return {
    scope: { relations: [relation], star: columns },
    group: { sources, conjuncts: [], lefts: [] },
  };
}

function rename(
  binder: FromBinder,
  columns: readonly ScopeColumn[],
  aliases: readonly string[],
  alias: string,
): readonly ScopeColumn[] {
  if (aliases.length > columns.length) {
    throw new Unsupported(`${alias} has ${columns.length} columns but ${aliases.length} aliases`);
  }
  const { fold } = binder.context.dialect;
  return columns.map((column, index) => {
    const name = aliases[index];
    return name === undefined ? column : { ...column, name: fold(name) };
  });
}

function bindSubquery(
  binder: FromBinder,
  query: SelectStatement,
  alias: string,
  aliases: readonly string[],
  environment: NamedQueries,
  nullable: boolean,
  parameters: boolean,
): BoundFrom {
  const merged = binder.merge(query, environment, nullable, parameters);
  if (merged !== null) {
    const columns = rename(binder, merged.scope.star, aliases, alias);
    const relation: Relation = { alias, schema: null, columns };
    return { scope: { relations: [relation], star: columns }, group: merged.group };
  }
  const block = binder.block(query, environment);
  const source = binder.sources.push({ kind: "derived", block, label: alias }) - 1;
  const columns = block.output.slice(0, block.visible).map((column, index): ScopeColumn => ({
    name: column.name,
    expr: { kind: "column", source, column: index, type: column.expr.type },
    use: () => undefined,
  }));
  return relationOf(alias, null, rename(binder, columns, aliases, alias), [source]);
}

function bindJoin(
  binder: FromBinder,
  item: FromItem & { kind: "join" },
  environment: NamedQueries,
  nullable: boolean,
  parameters: boolean,
): BoundFrom {
  if (item.join === "full") throw new Unsupported("FULL JOIN");
  const outer = item.join === "left" || item.join === "right";
  const side = (from: FromItem, supplied: boolean): BoundFrom =>
    bindFrom(binder, from, environment, nullable || supplied, parameters && !supplied);
  const left = side(item.left, item.join === "right");
  const right = side(item.right, item.join === "left");
  const both = joinScopes(left.scope, right.scope);
  const using = usingColumns(binder, item, left.scope, right.scope);
  const conditions: Expr[] = using.map((name) => equality(binder, left.scope, right.scope, name));
  if (item.on !== null) {
    conditions.push(...binder.conjuncts(item.on, both, parameters && !outer && !nullable));
  }
  const scope =
    using.length === 0 ? both : mergeStar(binder, both, left.scope, right.scope, using, item.join);
  if (!outer) return { scope, group: inner(left.group, right.group, conditions) };
  const [kept, supplied] =
    item.join === "left" ? [left.group, right.group] : [right.group, left.group];
  const nested: Group = { ...supplied, conjuncts: [...supplied.conjuncts, ...conditions] };
  return { scope, group: { ...kept, lefts: [...kept.lefts, nested] } };
}

function usingColumns(
  binder: FromBinder,
  { using, join }: FromItem & { kind: "join" },
  left: Scope,
  right: Scope,
): readonly string[] {
  if (using === null) return [];
  const { rules, fold } = binder.context.dialect;
  if (rules.usingInTableOrder && join === "right") throw new Unsupported("RIGHT JOIN with USING");
  const seen = (scope: Scope): readonly string[] =>
    scope.star.filter((column) => column.hidden !== true).map((column) => column.name);
  if (using === "natural") {
    const names = new Set(seen(right));
    return seen(left).filter((name) => names.has(name));
  }
  const folded = using.map(fold);
  if (!rules.usingInTableOrder) return folded;
  const order = left.star.map((column) => column.name);
  return folded.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
}

function only(scope: Scope, name: string): ScopeColumn {
  const found = scope.star.filter((column) => column.name === name);
  if (found.length !== 1) throw new Unsupported(`USING column ${name} is not in both tables once`);
  return found[0]!;
}

function equality(binder: FromBinder, left: Scope, right: Scope, name: string): Expr {
  const a = only(left, name);
  const b = only(right, name);
  a.use();
  b.use();
  binder.context.builtin("operator", "=");
  return binder.context.dialect.compare("=", a.expr, b.expr);
}

function mergeStar(
  binder: FromBinder,
  both: Scope,
  left: Scope,
  right: Scope,
  using: readonly string[],
  join: string,
): Scope {
  const merged = using.map((name) => {
    const a = only(left, name);
    const b = only(right, name);
    const kept = join === "right" ? b : a;
    if (binder.context.dialect.rules.usingInTableOrder) return kept;
    if (sameType(a.expr.type, b.expr.type)) return kept;
    if (!isInteger(a.expr.type) || !isInteger(b.expr.type)) {
      throw new Unsupported(`USING column ${name} has two types`);
    }
    const [first, second] = binder.context.dialect.unify([a.expr, b.expr], "USING");
    // Equal integers are the same value, so that either side serves where both are there.
    return { ...kept, expr: join === "right" ? second! : first! };
  });
  const rest = (scope: Scope): readonly ScopeColumn[] =>
    scope.star.filter((column) => !using.includes(column.name));
  return { relations: both.relations, star: [...merged, ...rest(left), ...rest(right)] };
}

function isInteger(type: SqlType): boolean {
  return (type.kind === "int" || type.kind === "bigint") && type.modifier === -1;
}

function sameType(a: SqlType, b: SqlType): boolean {
  return a.upstreamId === b.upstreamId && a.modifier === b.modifier;
}
