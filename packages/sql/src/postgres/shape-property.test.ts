import { POSTGRES_LEXER_SETTINGS } from "./lexer-settings.ts";
import * as fc from "fast-check";
import { loadModule, parseSync } from "libpg-query";
import { beforeAll, expect, test } from "vitest";

import type { ScalarSlot } from "../shape.ts";
import { postgresLexer } from "./lexer.ts";
import { randomSelect } from "./random-select.testing.ts";

const SETTINGS = POSTGRES_LEXER_SETTINGS;
const POSITIONS = /"(?:location|rexpr_list_start|rexpr_list_end|list_start|list_end)":\d+,?/g;

beforeAll(async () => {
  await loadModule();
});

/** The server's own tree without positions, null when its grammar refuses the text. */
function treeOf(text: string): string | null {
  try {
    return JSON.stringify(parseSync(text)).replaceAll(POSITIONS, "").replaceAll(",}", "}");
  } catch {
    return null;
  }
}

function written(slot: ScalarSlot): string {
  if (slot.kind === "placeholder") return `$${slot.index + 1}`;
  if (slot.literal !== "string") return slot.value;
  return `'${Buffer.from(slot.value, "latin1").toString("utf8").replaceAll("'", "''")}'`;
}

test("shape and slots determine the statement", () => {
  fc.assert(
    fc.property(randomSelect, (text) => {
      const tree = treeOf(text);
      const shape = postgresLexer.shape(Buffer.from(text, "utf8").toString("latin1"), SETTINGS);
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
      const second = postgresLexer.shape(Buffer.from(again, "utf8").toString("latin1"), SETTINGS);
      expect(second?.text).toBe(shape.text);
      expect(second?.slots).toEqual(shape.slots);
    }),
    { numRuns: 1500 },
  );
});
