import { lexerSettings, mysqlLexer, parseMysqlSelect } from "@freshet/sql";
import { mysqlTextCodec } from "@freshet/types";
import { mysqlSemantics } from "../dialects/mysql/semantics.ts";
import { mysqlTables } from "./mysql-tables.ts";
import type { MysqlFlavour } from "./mysql-tables.ts";
import type { Tested } from "./query-harness.ts";

const SETTINGS = lexerSettings({
  backslashEscapes: true,
  ansiQuotes: false,
  pipesAsConcat: false,
  highNotPrecedence: false,
});

export function mysqlTested(flavour: MysqlFlavour): Tested {
  const { tables, catalog, randomRow } = mysqlTables(flavour);
  return {
    lexer: mysqlLexer,
    settings: SETTINGS,
    parse: parseMysqlSelect,
    semantics: mysqlSemantics,
    codec: mysqlTextCodec,
    catalog,
    tables,
    randomRow,
  };
}
