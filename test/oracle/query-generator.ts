import type { ColumnType, OracleDialect } from "./dialect.ts";
import { ParamList, type Scalar, type Visible } from "./query-parts.ts";
import type { Query } from "./query.ts";
import type { Random } from "./random.ts";
import { columnType, type Schema, type Table } from "./schema.ts";

const ALIASES = ["a", "b", "c"];

interface Source {
  readonly text: string;
  readonly scope: readonly Visible[];
  readonly cte: string | null;
}

/** One random query over the surface that caches promise. */
export function generateQuery(dialect: OracleDialect, random: Random, schema: Schema): Query {
  const params = new ParamList();
  const count = random.weighted([
    [5, 1],
    [5, 2],
    [2, 3],
  ] as const);
  const sources = Array.from({ length: count }, (_, index) =>
    source(dialect, random, schema, ALIASES[index]!, params),
  );
  const scope = sources.flatMap((one) => one.scope);
  const joins = sources.slice(1).map((right, index) => {
    const left = sources.slice(0, index + 1).flatMap((one) => one.scope);
    return join(dialect, random, left, right);
  });
  const where: string[] = [];
  const conditions = random.between(count === 1 ? 0 : 1, 2);
  for (let index = 0; index < conditions; index += 1) {
    where.push(dialect.paramCondition(random, scope, params));
  }
  if (random.chance(0.3)) where.push(dialect.fixedCondition(random, scope));
  const body = random.chance(0.4)
    ? grouped(dialect, random, scope, params)
    : flat(dialect, random, scope, sources.length);
  return {
    ctes: sources.flatMap(({ cte }) => (cte === null ? [] : [cte])),
    from: sources[0]!.text,
    joins,
    where,
    ...body,
    ...limits(dialect, random, body.orderBy.length > 0, params),
    params: params.params,
  };
}

type Body = Pick<Query, "distinct" | "items" | "groupBy" | "having" | "orderBy" | "loose">;

function flat(
  dialect: OracleDialect,
  random: Random,
  scope: readonly Visible[],
  sources: number,
): Body {
  if (random.chance(0.15)) {
    const expr = sources === 1 ? "*" : `${random.pick(ALIASES.slice(0, sources))}.*`;
    const orderBy = order(
      dialect,
      random,
      [],
      scope.filter(({ type }) => type.orderable),
    );
    return {
      distinct: false,
      items: [{ expr, alias: null }],
      groupBy: [],
      having: [],
      orderBy,
      loose: false,
    };
  }
  const distinct = random.chance(0.2);
  const chosen = Array.from({ length: random.between(1, 4) }, () =>
    dialect.scalar(random, scope),
  ).filter((item) => !distinct || item.hashable);
  if (chosen.length === 0)
    chosen.push({
      expr: scope.find(({ type }) => type.hashable)!.name,
      hashable: true,
      orderable: true,
      loose: true,
    });
  const items = named(random, chosen);
  const hidden = distinct ? [] : scope.filter(({ type }) => type.orderable);
  const loose = distinct && chosen.some((item) => item.loose);
  return {
    distinct,
    items,
    groupBy: [],
    having: [],
    orderBy: order(dialect, random, withNames(items, chosen), hidden),
    loose,
  };
}

function grouped(
  dialect: OracleDialect,
  random: Random,
  scope: readonly Visible[],
  params: ParamList,
): Body {
  const keys = Array.from({ length: random.between(0, 2) }, () =>
    dialect.scalar(random, scope),
  ).filter(({ hashable }) => hashable);
  const calls = Array.from({ length: random.between(1, 3) }, () =>
    dialect.aggregateCall(random, scope),
  );
  const chosen = [...keys, ...calls];
  const items = named(random, chosen);
  const having: string[] = [];
  if (random.chance(0.25)) {
    having.push(
      random.pick([
        () => "count(*) > 1",
        () => `count(*) >= ${params.add(dialect.countType)}`,
        () => `${dialect.aggregateCall(random, scope).expr} IS NOT NULL`,
      ])(),
    );
  }
  const groupBy = keys.map(({ expr }, index) =>
    random.chance(0.2) && expr !== "" ? String(index + 1) : expr,
  );
  return {
    distinct: random.chance(0.05),
    items,
    groupBy,
    having,
    orderBy: order(dialect, random, withNames(items, chosen), []),
    loose: chosen.some((item) => item.loose),
  };
}

interface Named extends Scalar {
  readonly alias: string | null;
  readonly ordinal: number;
}

function withNames(items: Query["items"], scalars: readonly Scalar[]): readonly Named[] {
  return scalars.map((item, index) => ({
    ...item,
    alias: items[index]!.alias,
    ordinal: index + 1,
  }));
}

function named(random: Random, scalars: readonly Scalar[]): Query["items"] {
  return scalars.map(({ expr }, index) => ({
    expr,
    alias: random.chance(0.5) ? `o${index}` : null,
  }));
}

function order(
  dialect: OracleDialect,
  random: Random,
  items: readonly Named[],
  hidden: readonly Visible[],
): Query["orderBy"] {
  if (random.chance(0.5)) return [];
  const suffix = (): string =>
    random.pick(["", "", " DESC", " ASC"]) + random.pick(dialect.nullOrders);
  const candidates = [
    ...items
      .filter(({ orderable }) => orderable)
      .map((item) => ({
        expr: item.expr,
        written: random.pick([item.alias ?? item.expr, String(item.ordinal), item.expr]),
      })),
    ...hidden.map(({ name }) => ({ expr: name, written: name })),
  ];
  return random
    .sample(candidates, random.between(1, 2))
    .map((candidate) => ({ ...candidate, suffix: suffix() }));
}

function limits(
  dialect: OracleDialect,
  random: Random,
  ordered: boolean,
  params: ParamList,
): Pick<Query, "limit" | "offset"> {
  const count = (most: number): string =>
    random.chance(0.5) ? String(random.between(0, most)) : params.add(dialect.countType, "count");
  if (!random.chance(ordered ? 0.6 : 0.08)) return { limit: null, offset: null };
  return { limit: count(6), offset: random.chance(0.3) ? count(3) : null };
}

function source(
  dialect: OracleDialect,
  random: Random,
  schema: Schema,
  alias: string,
  params: ParamList,
): Source {
  const table = random.pick(schema.tables);
  if (random.chance(0.8)) {
    return { text: `${table.name} AS ${alias}`, scope: scopeOf(dialect, table, alias), cte: null };
  }
  const { body, columns } = subquery(dialect, random, table, params);
  const scope = columns.map((column) => ({ ...column, name: `${alias}.${column.name}` }));
  if (random.chance(0.5)) return { text: `(${body}) AS ${alias}`, scope, cte: null };
  return { text: `w_${alias} AS ${alias}`, scope, cte: `w_${alias} AS (${body})` };
}

function subquery(
  dialect: OracleDialect,
  random: Random,
  table: Table,
  params: ParamList,
): { readonly body: string; readonly columns: readonly Visible[] } {
  const from = `FROM ${table.name} AS s`;
  const scope = scopeOf(dialect, table, "s");
  const where = random.chance(0.4) ? ` WHERE ${dialect.paramCondition(random, scope, params)}` : "";
  const column = (name: string, type: ColumnType): Visible => ({ name, type });
  const tagType = columnType(dialect, table.columns.find(({ name }) => name === "tag")!.type);
  /** What a group shows of its tags. */
  const groupTag = (name: string): Visible => ({
    ...column(name, tagType),
    representative: tagType.loose !== null,
  });
  const grouping = {
    body: `SELECT ref, count(*) AS n, max(tag) AS top ${from}${where} GROUP BY ref`,
    columns: [column("ref", dialect.intType), column("n", dialect.countType), groupTag("top")],
  };
  const choices = [
    grouping,
    {
      body: `SELECT ref, tag ${from} WHERE ${dialect.fixedCondition(random, scope)}`,
      columns: [column("ref", dialect.intType), column("tag", tagType)],
    },
    {
      body: `SELECT DISTINCT ref, tag ${from}${where}`,
      columns: [column("ref", dialect.intType), groupTag("tag")],
    },
    {
      body: `SELECT tag, sum(ref) AS total, count(DISTINCT ref) AS n ${from}${where} GROUP BY tag HAVING count(*) > 0`,
      columns: [groupTag("tag"), column("total", dialect.sumType), column("n", dialect.countType)],
    },
  ];
  if (table.key.length > 0 && table.key.includes("id")) {
    const key = table.key.join(", ");
    choices.push({
      body: `SELECT ref, tag ${from} ORDER BY ${key} LIMIT ${random.between(1, 8)}`,
      columns: [column("ref", dialect.intType), column("tag", tagType)],
    });
  }
  return random.pick(choices);
}

function scopeOf(dialect: OracleDialect, table: Table, alias: string): readonly Visible[] {
  return table.columns.map((column) => ({
    name: `${alias}.${column.name}`,
    type: columnType(dialect, column.type),
  }));
}

function join(
  dialect: OracleDialect,
  random: Random,
  left: readonly Visible[],
  right: Source,
): string {
  const pairs = left.flatMap((one) =>
    right.scope
      .filter(({ type }) => type.hashable && type.sql === one.type.sql && type.family !== "bool")
      .map((other) => `${one.name} = ${other.name}`),
  );
  const mixed = left.flatMap((one) =>
    one.type.family !== "integer"
      ? []
      : right.scope
          .filter(({ type }) => type.family === "integer" && type.sql !== one.type.sql)
          .map((other) => `${one.name} = ${other.name}`),
  );
  if (pairs.length === 0) return `CROSS JOIN ${right.text}`;
  const conditions = [
    mixed.length > 0 && random.chance(0.15) ? random.pick(mixed) : random.pick(pairs),
  ];
  if (random.chance(0.25)) conditions.push(random.pick(pairs));
  if (random.chance(0.25))
    conditions.push(dialect.fixedCondition(random, [...left, ...right.scope]));
  const kind = random.weighted([
    [6, "JOIN"],
    [4, "LEFT JOIN"],
    [1, "RIGHT JOIN"],
  ] as const);
  return `${kind} ${right.text} ON ${conditions.join(" AND ")}`;
}
