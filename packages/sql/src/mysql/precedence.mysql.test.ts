import { EmbeddedMysql } from "@freshet/cli/embedded-mysql";
import * as fc from "fast-check";
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { Unsupported } from "../ast.ts";
import type { LexerSettings } from "../shape.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";
import { readMysqlSelect } from "./parser.ts";
import { printed } from "./print-expression.testing.ts";
import { randomExpression } from "./random-select.testing.ts";

const MODES: readonly string[] = ["", "HIGH_NOT_PRECEDENCE", "PIPES_AS_CONCAT"];

/** The tree of an expression in WHERE, in parentheses; null when it is not ours to read. */
function withParentheses(text: string, settings: LexerSettings): string | null {
  try {
    const { where } = readMysqlSelect(`select 1 from t where ${text}`, settings);
    return where === null ? null : printed(where);
  } catch (error) {
    if (error instanceof Unsupported || error instanceof SqlSyntaxError) return null;
    throw error;
  }
}

describe.each(["mysql", "mariadb"] as const)("%s", (flavour) => {
  let server: EmbeddedMysql;
  let connection: Connection;

  beforeAll(async () => {
    server = await EmbeddedMysql.start({ flavour });
    connection = await createConnection(server.url());
    await connection.query("CREATE TABLE t (a INT, b INT, c INT, s VARCHAR(9)) CHARSET utf8mb4");
    await connection.query(
      "INSERT INTO t VALUES (0,1,2,'1'),(3,0,1,'a'),(2,2,NULL,'b'),(NULL,5,1,''),(-1,7,0,NULL)," +
        "(9,-4,3,'23'),(1,1,1,'it''s'),(4,3,-2,'5')",
    );
  });

  afterAll(async () => {
    await connection.end();
    await server.stop();
  });

  test.each(MODES)("an expression means what its tree says (%s)", async (mode) => {
    const settings = mysqlLexerSettings([mode]);
    await connection.query(`SET SESSION sql_mode = '${mode}'`);
    let compared = 0;
    const texts = fc.sample(randomExpression, { numRuns: 4000, seed: mode.length + 1 });
    for (const text of new Set(texts)) {
      const tree = withParentheses(text, settings);
      if (tree === null) continue;
      // The values of expressions whose operators were grouped otherwise differ somewhere.
      const query = `SELECT COUNT(*) AS n FROM t WHERE NOT ((\n${text}\n) <=> (${tree}))`;
      let rows: RowDataPacket[];
      try {
        [rows] = await connection.query<RowDataPacket[]>(query);
      } catch (error) {
        // Out of range, a bad pattern: of the tree and the text alike.
        const { errno } = error as { errno?: number };
        expect(
          [1690, 3685, 3686, 3692, 3696, 1139, 1267, 1366, 3995, 1264],
          `${text}: ${String(error)}`,
        ).toContain(errno);
        continue;
      }
      expect([text, tree, rows[0]?.["n"]]).toEqual([text, tree, 0]);
      compared++;
    }
    expect(compared).toBeGreaterThan(1000);
  });

  test.each(["", "NO_BACKSLASH_ESCAPES"])(
    "a string's content is what the server reads (%s)",
    async (mode) => {
      const settings = mysqlLexerSettings([mode]);
      await connection.query(`SET SESSION sql_mode = '${mode}'`);
      const part = fc.constantFrom(
        ..."a é 😀 '' \\' \\\" \\0 \\n \\Z \\% \\_ \\q \\\\ \" \t".split(" "),
      );
      const content = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
      let compared = 0;
      for (const text of fc.sample(content, { numRuns: 300, seed: 7 })) {
        const literal = `'${text}' 'x'`;
        const query = `select 1 from t where ${literal} = s`;
        const shape = mysqlLexer.shape(Buffer.from(query).toString("latin1"), settings);
        const slot = shape?.slots[0];
        if (slot?.kind !== "literal" || shape?.slots.length !== 1) continue;
        const [rows] = await connection.query<RowDataPacket[]>(`SELECT HEX(${literal}) AS h`);
        expect(Buffer.from(slot.value, "latin1").toString("hex")).toBe(
          String(rows[0]?.["h"]).toLowerCase(),
        );
        compared++;
      }
      expect(compared).toBeGreaterThan(150);
    },
  );
});
