import { mysqlSameResultType, mysqlSemantics, postgresSemantics } from "@freshet/dataflow";
import {
  loadMysqlParser,
  loadPostgresParser,
  mysqlLexer,
  mysqlLexerSettings,
  parseMysqlSelect,
  parsePostgresSelect,
  POSTGRES_LEXER_SETTINGS,
  postgresLexer,
} from "@freshet/sql";
import { mysqlTextCodec, postgresTextCodec } from "@freshet/types";
import { ConfigurationError } from "@freshet/util";
import type { ServerDialect } from "./dialect.ts";
import { parseScope } from "./replication/mysql/catalog.ts";
import { createMysqlUpstream } from "./replication/mysql/index.ts";
import { createPostgresUpstream } from "./replication/postgres/index.ts";

const postgres: ServerDialect = {
  name: "postgres",
  codec: postgresTextCodec,
  lexer: postgresLexer,
  semantics: postgresSemantics,
  load: loadPostgresParser,
  lexerSettings: () => POSTGRES_LEXER_SETTINGS,
  parse: parsePostgresSelect,
  sameResultType: (ours, theirs) => ours.type.upstreamId === theirs.type.upstreamId,
  createUpstream: createPostgresUpstream,
};

const mysql: ServerDialect = {
  name: "mysql",
  codec: mysqlTextCodec,
  lexer: mysqlLexer,
  semantics: mysqlSemantics,
  load: loadMysqlParser,
  lexerSettings: (scopeIdentity) => mysqlLexerSettings(parseScope(scopeIdentity).modes),
  parse: parseMysqlSelect,
  sameResultType: (ours, theirs) => mysqlSameResultType(ours.type, theirs.type),
  createUpstream: createMysqlUpstream,
};

/** The dialect an upstream URL asks for by its scheme. */
export function dialectOf(url: string): ServerDialect {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (scheme === "postgres" || scheme === "postgresql") return postgres;
  if (scheme === "mysql" || scheme === "mariadb") return mysql;
  throw new ConfigurationError(
    `--upstream-db-url begins with "${scheme}:", which is not a database this version speaks: ` +
      "use postgres://user:password@host:port/database or mysql://user:password@host:port/database",
  );
}
