import { postgresSemantics } from "@freshet/dataflow";
import {
  loadPostgresParser,
  parsePostgresSelect,
  POSTGRES_LEXER_SETTINGS,
  postgresLexer,
} from "@freshet/sql";
import { postgresTextCodec } from "@freshet/types";
import { ConfigurationError } from "@freshet/util";
import type { ServerDialect } from "./dialect.ts";
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

/** The dialect an upstream URL asks for by its scheme. */
export function dialectOf(url: string): ServerDialect {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (scheme === "postgres" || scheme === "postgresql") return postgres;
  throw new ConfigurationError(
    `--upstream-db-url begins with "${scheme}:", which is not a database this version speaks: ` +
      "use postgres://user:password@host:port/database",
  );
}
