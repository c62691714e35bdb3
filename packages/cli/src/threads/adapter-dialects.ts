import type { RouterOptions } from "@freshet/adapter-core";
import {
  canonicalLiteral as mysqlCanonicalLiteral,
  startMysqlAdapter,
} from "@freshet/adapter-mysql";
import {
  type PostgresAdapter,
  type PostgresAdapterOptions,
  startPostgresAdapter,
} from "@freshet/adapter-postgres";
import type { DialectName } from "@freshet/config";
import { canonicalLiteral } from "@freshet/pg-wire";
import {
  mysqlLexer,
  parseCacheStatement,
  parseMysqlCacheStatement,
  postgresLexer,
} from "@freshet/sql";

/** A listener of either protocol; the adapters are mirror images of each other. */
export type Listener = PostgresAdapter;

/** All that an adapter thread needs to know of a database's kind; one object per dialect. */
export interface AdapterDialect {
  /** How its router reads statements. */
  readonly reading: Pick<RouterOptions, "lexer" | "canonicalLiteral" | "parseCacheStatement">;
  start(options: PostgresAdapterOptions): Promise<Listener>;
}

const postgres: AdapterDialect = {
  reading: { lexer: postgresLexer, canonicalLiteral, parseCacheStatement },
  start: startPostgresAdapter,
};

const mysql: AdapterDialect = {
  reading: {
    lexer: mysqlLexer,
    canonicalLiteral: mysqlCanonicalLiteral,
    parseCacheStatement: parseMysqlCacheStatement,
  },
  start: startMysqlAdapter,
};

export function adapterDialect(dialect: DialectName): AdapterDialect {
  switch (dialect) {
    case "postgres":
      return postgres;
    case "mysql":
      return mysql;
  }
}
