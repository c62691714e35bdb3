import type { OracleClient, OracleDialect, SessionSettings } from "../dialect.ts";
import {
  AI_CI,
  BIGINT,
  BIN,
  GENERAL,
  INT,
  MARIADB_EXACT,
  MARIADB_TYPES,
  MYSQL_EXACT,
  MYSQL_TYPES,
  SUM,
} from "./column-types.data.ts";
import { aggregateCall, fixedCondition, paramCondition, scalar } from "./expressions.ts";
import { ImpatientClient } from "./impatient-client.ts";
import { literal, quote, respelled } from "./literals.ts";
import { loosened } from "./loosened.ts";
import { DEPRECATE_EOF, RawClient } from "./raw-client.ts";
import { createDatabase, dropDatabase } from "./server.ts";
import { tableStatements } from "./table-statements.ts";
import { mysqlWrites } from "./write-statements.ts";

/** A writer whose `sql_mode` lets zero dates and cut values pass. */
const WRITER = { sql_mode: "''", time_zone: "'+00:00'" };
const UNKNOWN_ERROR = "1105";
const NEED_REPREPARE = "1615";

type Common = Omit<
  OracleDialect,
  "name" | "columnTypes" | "tagType" | "readersSettings" | "writerSettings" | "writes" | "connect"
>;

const COMMON: Common = {
  intType: INT,
  countType: BIGINT,
  sumType: SUM,
  idTypes: ["int", "bigint", "int unsigned"],
  partTypes: ["int", BIN.sql, "date", GENERAL.sql],
  nullOrders: [""],
  rankOfAll: "1",
  ways: () => ["respelled", "strings"],

  literal,
  quote,
  placeholder: () => "?",
  numbersPlaceholders: false,
  respelled,

  tableStatements,
  scalar,
  paramCondition,
  fixedCondition,
  aggregateCall,

  createDatabase,
  dropDatabase,
  loosened,
  isRefusal: ({ code }) => code !== UNKNOWN_ERROR,
  isPassing: ({ code }) => code === UNKNOWN_ERROR,
  isStalePlan: ({ code }) => code === NEED_REPREPARE,

  batchesAreOneCommit: false,
  replacedSavings: (id) => [
    `SELECT counter, amount INTO @counter, @amount FROM savings WHERE id = ${id}`,
    `DELETE FROM savings WHERE id = ${id}`,
    `INSERT INTO savings VALUES (${id}, @counter, @amount)`,
  ],
};

/** Session settings that change how values are written, or what a client is told of columns. */
function readersSettings(groups: string): readonly SessionSettings[] {
  // Without NO_ZERO_DATE and NO_ZERO_IN_DATE: under these a plan with a temporary table warns of
  // zero dates in it and turns partial ones into zero; one without does neither.
  const strict = `'${groups}STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO'`;
  const lax = `'${groups}NO_ENGINE_SUBSTITUTION'`;
  return [
    { [DEPRECATE_EOF]: "", time_zone: "'+00:00'", sql_mode: lax },
    { time_zone: "'-04:30'", collation_connection: "'utf8mb4_unicode_ci'", sql_mode: lax },
    { sql_mode: strict },
  ].map((settings) => ({ ...settings, lock_wait_timeout: "1" }));
}

export const MYSQL: OracleDialect = {
  ...COMMON,
  name: "mysql",
  columnTypes: MYSQL_TYPES,
  tagType: (random) => random.pick([AI_CI, AI_CI, GENERAL, BIN, MYSQL_EXACT]).sql,
  readersSettings: readersSettings("ONLY_FULL_GROUP_BY,"),
  writerSettings: { ...WRITER, lock_wait_timeout: "1", innodb_lock_wait_timeout: "1" },
  writes: mysqlWrites(MYSQL_TYPES),
  connect: (url, settings): Promise<OracleClient> =>
    settings === MYSQL.writerSettings
      ? ImpatientClient.connect(url, settings)
      : RawClient.connect(url, settings),
};

export const MARIADB: OracleDialect = {
  ...COMMON,
  name: "mariadb",
  columnTypes: MARIADB_TYPES,
  tagType: (random) => random.pick([GENERAL, GENERAL, BIN, MARIADB_EXACT]).sql,
  readersSettings: readersSettings(""),
  writerSettings: { ...WRITER, lock_wait_timeout: "0", innodb_lock_wait_timeout: "0" },
  writes: mysqlWrites(MARIADB_TYPES),
  connect: (url, settings) => RawClient.connect(url, settings),
};
