import { describe, expect, test } from "vitest";
import { namesTable } from "./schema-changes.ts";
import { onlyTable, statementKind, truncatedTable } from "./statement-kind.ts";

describe("the kind of a statement", () => {
  test.each([
    ["BEGIN", "begin"],
    ["COMMIT", "commit"],
    ["ROLLBACK TO `s`", "rollback to savepoint"],
    ["XA COMMIT X'61',X'',1", "xa commit"],
    ["DROP /*!40005 TEMPORARY */ TABLE IF EXISTS `t`", "harmless"],
    ["/* a tool */ alter /* x */ table t add y int", "tables"],
    ["-- note\nDROP TABLE t", "tables"],
    ["CREATE DEFINER=`TABLE`@`%` PROCEDURE p() DROP TABLE t", "harmless"],
    ["CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW v AS SELECT 1", "harmless"],
    ["CREATE OR REPLACE TABLE t (a INT)", "tables"],
    ["CREATE UNIQUE INDEX i ON t (a)", "tables"],
    ["DROP DATABASE `d`", "drop schema"],
    ["CREATE DATABASE d", "harmless"],
    ["ALTER USER u IDENTIFIED BY 'x'", "access"],
    ["TRUNCATE t", "truncate"],
    ["INSERT INTO t VALUES (1)", "anything"],
    ["SET STATEMENT max_statement_time=1 FOR ALTER TABLE t ADD x INT", "anything"],
    ["", "anything"],
  ])("%s", (text, kind) => expect(statementKind(text)).toBe(kind));
});

test("plain statements are about one table; whatever is not plain is searched", () => {
  expect(onlyTable("ALTER TABLE `a`.`b c` ADD film INT")).toEqual({ schema: "a", name: "b c" });
  expect(onlyTable("CREATE TABLE IF NOT EXISTS x LIKE film")).toEqual({ schema: null, name: "x" });
  expect(onlyTable("ALTER TABLE x RENAME TO film")).toBeNull();
  expect(onlyTable("ALTER TABLE x EXCHANGE PARTITION p WITH TABLE film")).toBeNull();
  expect(onlyTable("ALTER TABLE /* y */ x ADD z INT")).toBeNull();
  expect(onlyTable('ALTER TABLE "x" ADD z INT')).toBeNull();
  expect(onlyTable("ALTER TABLE `gr\ufffd` ADD z INT")).toBeNull();
  expect(truncatedTable("TRUNCATE `gr\ufffd`")).toBeNull();
  expect(truncatedTable("TRUNCATE TABLE `a`.`b` /* generated */")).toEqual({
    schema: "a",
    name: "b",
  });
});

describe("a text names a table", () => {
  test.each([
    ["RENAME TABLE x TO film", "test", true],
    ["RENAME TABLE x TO films", "test", false],
    ["RENAME TABLE x TO `Film`", "test", true],
    ["RENAME TABLE x TO film", "other", false],
    ["RENAME TABLE x TO test.film", "other", true],
    ["RENAME TABLE x TO `test` . `film`", "other", true],
    ["RENAME TABLE x TO other.film", "test", false],
    ["RENAME TABLE x TO test/**/./**/film", "other", true],
    ["RENAME TABLE x TO old, film to y", "test", true],
    ["RENAME TABLE größe.film TO y", "other", true],
    ["RENAME TABLE `a``test`.film TO y", "other", true],
    ["RENAME TABLE `other`.`film` TO y", "test", false],
    ["RENAME TABLE x.film TO y /* generated */", "test", false],
  ])("%s in %s: %s", (text, schema, named) => {
    expect(namesTable(text, schema, "test", "film")).toBe(named);
  });
});
