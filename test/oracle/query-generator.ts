import { COLUMN_TYPES, type ColumnType } from "./column-types.data.ts";
import {
  aggregateCall,
  fixedCondition,
  ParamList,
  paramCondition,
  type Scalar,
  scalar,
  type Visible,
} from "./expressions.ts";
import type { Query } from "./query.ts";
import type { Random } from "./random.ts";
import { type Schema, type Table, typeOf } from "./schema.ts";

const ALIASES = ["a", "b", "c"];
const COUNT_TYPE = COLUMN_TYPES.find(({ sql }) => sql === "int8")!;
const INT_TYPE = COLUMN_TYPES[0]!;
const TEXT_TYPE = COLUMN_TYPES.find(({ sql }) => sql === "text")!;

interface Source {
  readonly text: string;
  readonly scope: readonly Visible[];
  readonly cte: string | null;
}

/** One random query over the surface that caches promise. */
export function generateQuery(random: Random, schema: Schema): Query {
  const params = new ParamList();
  const count = random.weighted([
    [5, 1],
    [5, 2],
    [2, 3],
  ] as const);
  const sources = Array.from({ length: count }, (_, index) =>
    source(random, schema, ALIASES[index]!, params),
  );
  const scope = sources.flatMap((one) => one.scope);
  const joins = sources.slice(1).map((right, index) => {
    const left = sources.slice(0, index + 1).flatMap((one) => one.scope);
    return join(random, left, right);
  });
  const where: string[] = [];
  const conditions = random.between(count === 1 ? 0 : 1, 2);
  for (let index = 0; index < conditions; index += 1) {
    where.push(paramCondition(random, scope, params));
  }
  if (random.chance(0.3)) where.push(fixedCondition(random, scope));
  const body = random.chance(0.4)
    ? grouped(random, scope, params)
    : flat(random, scope, sources.length);
  return {
    ctes: sources.flatMap(({ cte }) => (cte === null ? [] : [cte])),
    from: sources[0]!.text,
    joins,
    where,
    ...body,
    ...limits(random, body.orderBy.length > 0, params),
    params: params.params,
  };
}

type Body = Pick<Query, "distinct" | "items" | "groupBy" | "having" | "orderBy" | "loose">;

function flat(random: Random, scope: readonly Visible[], sources: number): Body {
  if (random.chance(0.15)) {
    const expr = sources === 1 ? "*" : `${random.pick(ALIASES.slice(0, sources))}.*`;
    const orderBy = order(
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
  const chosen = Array.from({ length: random.between(1, 4) }, () => scalar(random, scope)).filter(
    (item) => !distinct || item.hashable,
  );
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
    orderBy: order(random, withNames(items, chosen), hidden),
    loose,
  };
}

function grouped(random: Random, scope: readonly Visible[], params: ParamList): Body {
  const keys = Array.from({ length: random.between(0, 2) }, () => scalar(random, scope)).filter(
    ({ hashable }) => hashable,
  );
  const calls = Array.from({ length: random.between(1, 3) }, () => aggregateCall(random, scope));
  const chosen = [...keys, ...calls];
  const items = named(random, chosen);
  const having: string[] = [];
  if (random.chance(0.25)) {
    having.push(
      random.pick([
        () => "count(*) > 1",
        () => `count(*) >= ${params.add(COUNT_TYPE)}`,
        () => `${aggregateCall(random, scope).expr} IS NOT NULL`,
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
    orderBy: order(random, withNames(items, chosen), []),
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
  random: Random,
  items: readonly Named[],
  hidden: readonly Visible[],
): Query["orderBy"] {
  if (random.chance(0.5)) return [];
  const suffix = (): string =>
    random.pick(["", "", " DESC", " ASC"]) + random.pick(["", "", " NULLS FIRST", " NULLS LAST"]);
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
  random: Random,
  ordered: boolean,
  params: ParamList,
): Pick<Query, "limit" | "offset"> {
  const count = (most: number): string =>
    random.chance(0.5) ? String(random.between(0, most)) : params.add(COUNT_TYPE, "count");
  if (!random.chance(ordered ? 0.6 : 0.08)) return { limit: null, offset: null };
  return { limit: count(6), offset: random.chance(0.3) ? count(3) : null };
}

function source(random: Random, schema: Schema, alias: string, params: ParamList): Source {
  const table = random.pick(schema.tables);
  if (random.chance(0.8)) {
    return { text: `${table.name} AS ${alias}`, scope: scopeOf(table, alias), cte: null };
  }
  const { body, columns } = subquery(random, table, params);
  const scope = columns.map((column) => ({ ...column, name: `${alias}.${column.name}` }));
  if (random.chance(0.5)) return { text: `(${body}) AS ${alias}`, scope, cte: null };
  return { text: `w_${alias} AS ${alias}`, scope, cte: `w_${alias} AS (${body})` };
}

function subquery(
  random: Random,
  table: Table,
  params: ParamList,
): { readonly body: string; readonly columns: readonly Visible[] } {
  const from = `FROM ${table.name} AS s`;
  const scope = scopeOf(table, "s");
  const where = random.chance(0.4) ? ` WHERE ${paramCondition(random, scope, params)}` : "";
  const column = (name: string, type: ColumnType): Visible => ({ name, type });
  const grouping = {
    body: `SELECT ref, count(*) AS n, max(tag) AS top ${from}${where} GROUP BY ref`,
    columns: [column("ref", INT_TYPE), column("n", COUNT_TYPE), column("top", TEXT_TYPE)],
  };
  const choices = [
    grouping,
    {
      body: `SELECT ref, tag ${from} WHERE ${fixedCondition(random, scope)}`,
      columns: [column("ref", INT_TYPE), column("tag", TEXT_TYPE)],
    },
    {
      body: `SELECT DISTINCT ref, tag ${from}${where}`,
      columns: [column("ref", INT_TYPE), column("tag", TEXT_TYPE)],
    },
    {
      body: `SELECT tag, sum(ref) AS total, count(DISTINCT ref) AS n ${from}${where} GROUP BY tag HAVING count(*) > 0`,
      columns: [column("tag", TEXT_TYPE), column("total", COUNT_TYPE), column("n", COUNT_TYPE)],
    },
  ];
  if (table.key.length > 0 && table.key.includes("id")) {
    const key = table.key.join(", ");
    choices.push({
      body: `SELECT ref, tag ${from} ORDER BY ${key} LIMIT ${random.between(1, 8)}`,
      columns: [column("ref", INT_TYPE), column("tag", TEXT_TYPE)],
    });
  }
  return random.pick(choices);
}

function scopeOf(table: Table, alias: string): readonly Visible[] {
  return table.columns.map((column) => ({ name: `${alias}.${column.name}`, type: typeOf(column) }));
}

function join(random: Random, left: readonly Visible[], right: Source): string {
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
  if (random.chance(0.25)) conditions.push(fixedCondition(random, [...left, ...right.scope]));
  const kind = random.weighted([
    [6, "JOIN"],
    [4, "LEFT JOIN"],
    [1, "RIGHT JOIN"],
  ] as const);
  return `${kind} ${right.text} ON ${conditions.join(" AND ")}`;
}
