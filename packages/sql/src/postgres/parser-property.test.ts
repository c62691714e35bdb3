import { POSTGRES_LEXER_SETTINGS } from "./lexer-settings.ts";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";

import { Unsupported } from "../ast.ts";
import { postgresLexer } from "./lexer.ts";
import { loadPostgresParser, parsePostgresSelect } from "./parser.ts";
import { randomSelect } from "./random-select.testing.ts";
import { placesIn } from "../places-in.testing.ts";
import { SqlSyntaxError } from "../syntax-error.ts";

beforeAll(async () => {
  await loadPostgresParser();
});

test("values of the tree and slots of the shape are one to one", () => {
  let parsed = 0;
  let refused = 0;
  fc.assert(
    fc.property(randomSelect, (text) => {
      let places: number[];
      try {
        places = placesIn(parsePostgresSelect(text));
      } catch (error) {
        if (error instanceof SqlSyntaxError) return;
        expect(error).toBeInstanceOf(Unsupported);
        refused++;
        return;
      }
      parsed++;
      const bytes = Buffer.from(text, "utf8").toString("latin1");
      const shape = postgresLexer.shape(bytes, POSTGRES_LEXER_SETTINGS);
      const spans = (shape?.spans ?? []).flatMap((span) => span.elements ?? [span]);
      const modifiers = [...text.matchAll(/numeric\(10,2\)/g)].length * 2;
      const inShape = places.filter((place) => !bytes.startsWith("$$", place));
      expect(inShape.length).toBe(spans.length - modifiers);
      expect(new Set(inShape).size).toBe(inShape.length);
      const starts = new Set(spans.map((span) => span.start));
      for (const place of inShape) expect(starts).toContain(place);
    }),
    { numRuns: 1500 },
  );
  expect(parsed).toBeGreaterThan(refused);
});
