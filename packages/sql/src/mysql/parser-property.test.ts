import * as fc from "fast-check";
import { expect, test } from "vitest";

import { Unsupported } from "../ast.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";
import { readMysqlSelect } from "./parser.ts";
import { randomSelect } from "./random-select.testing.ts";
import { placesIn } from "../places-in.testing.ts";

const SETTINGS = mysqlLexerSettings([]);

test("values of the tree and slots of the shape are one to one", () => {
  let parsed = 0;
  fc.assert(
    fc.property(randomSelect, (text) => {
      let places: number[];
      try {
        const { items, ...others } = readMysqlSelect(text, SETTINGS);
        // Literals in select lists are part of the shape's text.
        const listed = placesIn(items).filter((at) => text.startsWith("?", at));
        places = [...listed, ...placesIn(others)];
      } catch (error) {
        if (error instanceof SqlSyntaxError || error instanceof Unsupported) return;
        throw error;
      }
      parsed++;
      const shape = mysqlLexer.shape(Buffer.from(text, "utf8").toString("latin1"), SETTINGS);
      const spans = (shape?.spans ?? []).flatMap((span) => span.elements ?? [span]);
      const starts = spans.map((span) => span.start);
      expect(places.toSorted((a, b) => a - b)).toEqual(starts);
    }),
    { numRuns: 2500, seed: 4 },
  );
  expect(parsed).toBeGreaterThan(500);
});
