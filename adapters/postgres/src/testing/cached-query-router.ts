import type { CacheDefinition } from "@freshet/rpc";
import {
  type CacheStatementParse,
  parseCacheStatement,
  POSTGRES_LEXER_SETTINGS,
  postgresLexer,
  type StatementTraits,
} from "@freshet/sql";
import type { CanonicalParam, EncodedRows, SqlType, ValueKind } from "@freshet/types";
import pg from "pg";
import { encodedRows, ExactTextRouter } from "../../../core/src/testing/exact-text-router.ts";

const KINDS: Readonly<Record<number, ValueKind>> = {
  16: "bool",
  20: "bigint",
  23: "int",
  25: "text",
  701: "float8",
  1043: "text",
  1082: "date",
  1114: "timestamp",
  1184: "timestamptz",
};

const type = (upstreamId: number): SqlType => ({
  kind: KINDS[upstreamId] ?? "opaque",
  upstreamId,
  name: String(upstreamId),
  modifier: -1,
});

/** The `ExactTextRouter` of Postgres. */
export class CachedQueryRouter extends ExactTextRouter {
  readonly #client: pg.Client;

  constructor(url: string) {
    super();
    this.#client = new pg.Client({
      connectionString: url,
      types: { getTypeParser: () => (v: string) => v } as never,
    });
  }

  async connect(): Promise<void> {
    await this.#client.connect();
    await this.#client.query("SET TIME ZONE 'UTC'");
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** `parameters`: type ids of `$1…` as they are compared. */
  async cache(
    text: string,
    parameters: readonly number[] = [],
    inTransaction: CacheDefinition["inTransaction"] = "until-write",
  ): Promise<void> {
    const real = await this.#client.query({
      text,
      values: parameters.map(() => null),
      rowMode: "array",
    });
    const columns = real.fields.map((field) => ({
      name: field.name,
      type: type(field.dataTypeID),
      wire: {
        tableId: field.tableID,
        columnNumber: field.columnID,
        typeId: field.dataTypeID,
        typeSize: field.dataTypeSize,
        typeModifier: field.dataTypeModifier,
      },
    }));
    this.add({ text, parameters: parameters.map(type), columns, inTransaction });
  }

  protected override traits(text: string, settings = POSTGRES_LEXER_SETTINGS): StatementTraits {
    return postgresLexer.traits(text, settings);
  }

  protected override parse(text: string): CacheStatementParse {
    return parseCacheStatement(text);
  }

  protected override async read(
    cache: CacheDefinition,
    params: readonly CanonicalParam[],
  ): Promise<EncodedRows> {
    const { rows } = await this.#client.query<(string | null)[]>({
      text: cache.query,
      values: [...params],
      rowMode: "array",
    });
    return encodedRows(rows);
  }
}
