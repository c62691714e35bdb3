import { COUNT, type OracleDialect } from "./dialect.ts";
import { columnType } from "./schema.ts";

/** A parameter of a query; in its texts it stands as `{number}`. */
export interface QueryParam {
  /** `sql` of a `ColumnType`. */
  readonly type: string;
  readonly use: "value" | "array" | "count";
}

/** A query in clauses, so that a failing one can be made smaller. */
export interface Query {
  readonly ctes: readonly string[];
  readonly distinct: boolean;
  readonly items: readonly { readonly expr: string; readonly alias: string | null }[];
  readonly from: string;
  readonly joins: readonly string[];
  readonly where: readonly string[];
  readonly groupBy: readonly string[];
  readonly having: readonly string[];
  readonly orderBy: readonly {
    /** An expression over the input, and how the query writes it (alias, ordinal, expression). */
    readonly expr: string;
    readonly written: string;
    readonly suffix: string;
  }[];
  readonly limit: string | null;
  readonly offset: string | null;
  readonly params: readonly QueryParam[];
  /** Some output shows one of several texts that are equal values; which is the server's choice. */
  readonly loose: boolean;
}

export interface Rendered {
  readonly text: string;
  readonly params: readonly (string | null)[];
  /** Per parameter, as in `WireStatement`. */
  readonly types: readonly string[];
}

const TOKEN = /\{(\d+)\}/g;

/** With placeholders and values beside, in the order in which they appear. */
export function withPlaceholders(
  dialect: OracleDialect,
  query: Query,
  args: readonly (string | null)[],
): Rendered {
  const order: number[] = [];
  const text = textOf(query).replace(TOKEN, (_, token: string) => {
    const param = Number(token);
    const known = dialect.numbersPlaceholders ? order.indexOf(param) : -1;
    return dialect.placeholder(known < 0 ? order.push(param) : known + 1);
  });
  return {
    text,
    params: order.map((param) => args[param] ?? null),
    types: order.map((param) => {
      const { type, use } = query.params[param]!;
      return use === "count" ? COUNT : type;
    }),
  };
}

/** With all values written into the text. */
export function withLiterals(
  dialect: OracleDialect,
  query: Query,
  args: readonly (string | null)[],
): string {
  return textOf(query).replace(TOKEN, (_, token: string) => {
    const { type, use } = query.params[Number(token)]!;
    const value = args[Number(token)] ?? null;
    if (use === "count") return value ?? "NULL";
    if (use === "array" && value !== null) return dialect.quote(value);
    return dialect.literal(value, columnType(dialect, type));
  });
}

/** = ANY takes its array from a placeholder only. */
export function mayBeLiteral(query: Query): boolean {
  const used = new Set([...textOf(query).matchAll(TOKEN)].map((match) => Number(match[1])));
  return query.params.every((param, index) => param.use !== "array" || !used.has(index));
}

export function textOf(query: Query): string {
  const order = query.orderBy.map(({ written, suffix }) => `${written}${suffix}`);
  return [
    ...clauses(query, itemsOf(query)),
    ...list("ORDER BY", order, ", "),
    ...(query.limit === null ? [] : [`LIMIT ${query.limit}`]),
    ...(query.offset === null ? [] : [`OFFSET ${query.offset}`]),
  ].join(" ");
}

/**
 * All rows before LIMIT and OFFSET, in order, with the number of each row's group of ties as the
 * last column: every legal answer can be told from these.
 */
export function rankedQuery(dialect: OracleDialect, query: Query): Query {
  const order = query.orderBy.map(({ expr, suffix }) => `${expr}${suffix}`);
  const rank =
    order.length === 0 ? dialect.rankOfAll : `dense_rank() OVER (ORDER BY ${order.join(", ")})`;
  const items = [...query.items, { expr: rank, alias: "oracle_rank" }];
  return {
    ...query,
    items,
    orderBy: [{ expr: rank, written: "oracle_rank", suffix: "" }],
    limit: null,
    offset: null,
  };
}

function clauses(query: Query, items: string): readonly string[] {
  return [
    ...list("WITH", query.ctes, ", "),
    `SELECT ${query.distinct ? "DISTINCT " : ""}${items}`,
    `FROM ${[query.from, ...query.joins].join(" ")}`,
    ...list("WHERE", query.where, " AND "),
    ...list("GROUP BY", query.groupBy, ", "),
    ...list("HAVING", query.having, " AND "),
  ];
}

function itemsOf(query: Query): string {
  return query.items
    .map(({ expr, alias }) => (alias === null ? expr : `${expr} AS ${alias}`))
    .join(", ");
}

function list(word: string, parts: readonly string[], separator: string): readonly string[] {
  return parts.length === 0 ? [] : [`${word} ${parts.join(separator)}`];
}
