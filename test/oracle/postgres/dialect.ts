import type { OracleDialect } from "../dialect.ts";
import { COLUMN_TYPES } from "./column-types.data.ts";
import { aggregateCall, fixedCondition, paramCondition, scalar } from "./expressions.ts";
import { literal, quote } from "./literals.ts";
import { loosened } from "./loosened.ts";
import { RawClient } from "./raw-client.ts";
import { createDatabase, dropDatabase } from "./server.ts";
import { tableStatements } from "./table-statements.ts";
import { POSTGRES_WRITES } from "./write-statements.ts";

/** One thread plays all parts, so nobody may wait for a lock that another part holds. */
const IMPATIENT = { lock_timeout: "50" };
const INT8 = COLUMN_TYPES.find(({ sql }) => sql === "int8")!;

export const POSTGRES: OracleDialect = {
  name: "postgres",
  columnTypes: COLUMN_TYPES,
  intType: COLUMN_TYPES[0]!,
  countType: INT8,
  sumType: INT8,
  idTypes: ["int4", "int8"],
  partTypes: ["int4", "text", "date"],
  tagType: () => "text",
  nullOrders: ["", "", " NULLS FIRST", " NULLS LAST"],
  rankOfAll: "1::int8",
  // Of equal values any may show, which can be told from texts only.
  ways: ({ loose }) => (loose ? [] : ["binary"]),
  /** They change how values are written. */
  readersSettings: [
    {},
    { TimeZone: "America/New_York", DateStyle: "German", IntervalStyle: "iso_8601" },
    { extra_float_digits: "0", bytea_output: "escape", DateStyle: "SQL, DMY" },
  ].map((settings) => ({ ...settings, ...IMPATIENT })),
  writerSettings: IMPATIENT,

  literal,
  quote,
  placeholder: (number) => `$${number}`,
  numbersPlaceholders: true,
  respelled: (text) => text,

  tableStatements,
  scalar,
  paramCondition,
  fixedCondition,
  aggregateCall,
  writes: POSTGRES_WRITES,

  connect: (url, settings) => RawClient.connect(url, settings),
  createDatabase,
  dropDatabase,
  loosened,
  isRefusal: ({ code }) => code === "0A000" || code.startsWith("42"),
  isPassing: ({ code }) => code === "58000",
  isStalePlan: ({ code, message }) => code === "0A000" && message.includes("cached plan"),

  batchesAreOneCommit: true,
  replacedSavings: (id) => [
    `CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM savings WHERE id = ${id}`,
    `DELETE FROM savings WHERE id = ${id}`,
    "INSERT INTO savings SELECT * FROM kept",
  ],
};
