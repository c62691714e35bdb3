import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import * as fc from "fast-check";
import { type Connection, createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";

const SETTINGS = mysqlLexerSettings([]);

const gap = fc.constantFrom(
  "",
  "",
  "",
  " ",
  " ",
  "  ",
  "\n",
  "/* c */",
  " /**/ ",
  "-- d\n",
  "#e\n",
);
/** The same tokens in other spellings. */
const written = (...spellings: string[]): fc.Arbitrary<string> => fc.constantFrom(...spellings);
const item = fc.constantFrom(
  [written("a", "A", "`a`")],
  [written("t", "T"), written("."), written("a")],
  [written("COUNT(", "count("), written("*"), written(")")],
  [written("a"), written("+", "-"), written("1", "01", "2")],
  [written("'x'", '"x"', "'y'")],
  [written("a"), written(" as ", " AS ", " "), written("b", "'b'")],
  [written("a"), written(" and ", " AND "), written("-1", "- 1")],
  [written("?")],
);
/** Two spellings of one list of items, so that often they have one shape. */
const list = fc.array(item, { minLength: 1, maxLength: 3 }).chain((items) => {
  const one = fc
    .tuple(...items.map((tokens) => fc.tuple(gap, ...tokens.flatMap((token) => [token, gap]))))
    .map((parts) => parts.map((tokens) => tokens.join("")).join(","));
  return fc.array(one, { minLength: 6, maxLength: 6 });
});

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let server: EmbeddedMysql;
  let connection: Connection;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await createConnection(server.url());
    await connection.query("CREATE TABLE t (a INT)");
  });

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  async function namesOf(text: string): Promise<string | null> {
    try {
      const statement = await connection.prepare(text);
      const placeholders = [...text.matchAll(/\?/g)].map(() => 1);
      const [, fields] = await statement.execute(placeholders);
      await statement.close();
      return JSON.stringify(fields.map((field) => field.name));
    } catch {
      return null;
    }
  }

  test("texts of one shape have one answer, column names included", async () => {
    let compared = 0;
    for (const lists of fc.sample(list, { numRuns: 600, seed: 5 })) {
      const byShape = new Map<string, { text: string; names: string }>();
      for (const items of new Set(lists)) {
        const text = `SELECT ${items} FROM t`;
        const shape = mysqlLexer.shape(Buffer.from(text).toString("latin1"), SETTINGS);
        const names = shape === null ? null : await namesOf(text);
        if (shape === null || names === null) continue;
        const before = byShape.get(shape.text);
        if (before === undefined) {
          byShape.set(shape.text, { text, names });
        } else {
          expect([text, names], before.text).toEqual([text, before.names]);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(50);
  });
});
