import { expect, test } from "vitest";

import { mysqlLexerSettings } from "./lexer-settings.ts";
import { isLoadDataLocal, parseKill } from "./special-statements.ts";

const SETTINGS = mysqlLexerSettings([]);

test.each<[string, string, bigint]>([
  ["KILL 5", "connection", 5n],
  ["kill /* x */ connection 4294967301;", "connection", 4294967301n],
  ["kill query 7 ;;", "query", 7n],
  ["KILL HARD QUERY 8", "query", 8n],
])("%s", (text, kind, id) => {
  const kill = parseKill(text, SETTINGS);
  expect(kill).toMatchObject({ kind, id });
  expect(text.slice(kill?.start, kill?.end)).toBe(String(id));
});

test.each([
  "kill",
  "kill user x",
  "kill query id 5",
  "kill 1+1",
  "kill ?",
  "kill 5; select 1",
  "x",
])("no KILL of a connection: %s", (text) => {
  expect(parseKill(text, SETTINGS)).toBeNull();
});

test("LOAD DATA LOCAL", () => {
  expect(isLoadDataLocal("load data local infile 'x' into table t", SETTINGS)).toBe(true);
  expect(isLoadDataLocal("LOAD XML CONCURRENT LOCAL INFILE 'x'", SETTINGS)).toBe(true);
  expect(isLoadDataLocal("load data infile 'x' into table t", SETTINGS)).toBe(false);
});
