import * as fc from "fast-check";
import { expect, test } from "vitest";

import { Unsupported } from "../ast.ts";
import type { ScalarSlot } from "../shape.ts";
import { SqlSyntaxError } from "../syntax-error.ts";
import { mysqlLexer } from "./lexer.ts";
import { mysqlLexerSettings } from "./lexer-settings.ts";
import { readMysqlSelect } from "./parser.ts";
import { randomSelect } from "./random-select.testing.ts";

const SETTINGS = mysqlLexerSettings([]);

/** Our tree without positions, null when the text is refused. */
function treeOf(text: string): string | null {
  try {
    return JSON.stringify(readMysqlSelect(text, SETTINGS)).replaceAll(/,?"at":\d+/g, "");
  } catch (error) {
    if (error instanceof SqlSyntaxError || error instanceof Unsupported) return null;
    throw error;
  }
}

function written(slot: ScalarSlot): string {
  if (slot.kind === "placeholder") return "?";
  if (slot.literal !== "string") return slot.value;
  return `'${Buffer.from(slot.value, "latin1").toString("utf8").replaceAll("'", "''")}'`;
}

test("shape and slots determine the statement", () => {
  let compared = 0;
  fc.assert(
    fc.property(randomSelect, (text) => {
      const tree = treeOf(text);
      const shape = mysqlLexer.shape(Buffer.from(text, "utf8").toString("latin1"), SETTINGS);
      if (tree === null || shape === null) return;
      let index = 0;
      const shapeText = Buffer.from(shape.text, "latin1").toString("utf8");
      const again = shapeText.replace(/[\u0001\u0002]/g, () => {
        const slot = shape.slots[index++];
        if (slot === undefined) throw new Error("more marks than slots");
        return slot.kind === "list" ? slot.elements.map(written).join() : written(slot);
      });
      expect(index).toBe(shape.slots.length);
      expect(treeOf(again)).toBe(tree);
      const second = mysqlLexer.shape(Buffer.from(again, "utf8").toString("latin1"), SETTINGS);
      expect(second?.text).toBe(shape.text);
      expect(second?.slots).toEqual(shape.slots);
      compared++;
    }),
    { numRuns: 2500, seed: 3 },
  );
  expect(compared).toBeGreaterThan(500);
});
