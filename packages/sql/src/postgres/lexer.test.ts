import { POSTGRES_ESCAPING_SETTINGS, POSTGRES_LEXER_SETTINGS } from "./lexer-settings.ts";
import * as fc from "fast-check";
import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";

import type { ScalarSlot, Shape, Slot } from "../shape.ts";
import { postgresLexer } from "./lexer.ts";
import { LIST_MARK, SLOT_MARK } from "../shape-writer.ts";
import { CACHEABLE_STATEMENTS, OTHER_STATEMENTS } from "./statements.data.ts";

const SETTINGS = POSTGRES_LEXER_SETTINGS;
const STATEMENTS = [...CACHEABLE_STATEMENTS, ...OTHER_STATEMENTS];

function bytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function shapeOf(text: string): Shape {
  const shape = postgresLexer.shape(bytes(text), SETTINGS);
  if (shape === null) throw new Error(`no shape: ${text}`);
  return shape;
}

/** `?` for a slot and `[?]` for a list, to read more easily. */
function shown(text: string): string {
  return shapeOf(text).text.replaceAll(SLOT_MARK, "?").replaceAll(LIST_MARK, "[?]");
}

function scalarText(slot: ScalarSlot): string {
  if (slot.kind === "placeholder") return `$${slot.index + 1}`;
  return slot.literal === "string" ? `'${slot.value.replaceAll("'", "''")}'` : slot.value;
}

function slotText(slot: Slot): string {
  return slot.kind === "list" ? slot.elements.map(scalarText).join(" , ") : scalarText(slot);
}

/** A statement with this shape and these slots. */
function rebuilt(shape: Shape): string {
  let index = 0;
  const text = shape.text.replace(/[\u0001\u0002]/g, () => slotText(shape.slots[index++] as Slot));
  return Buffer.from(text, "latin1").toString("utf8");
}

/** The server's own tree, without positions. */
function treeOf(text: string): unknown {
  return JSON.parse(
    JSON.stringify(parseSync(text), (key, value: unknown) =>
      /^(?:location|stmt_len|stmt_location|rexpr_list_start|rexpr_list_end|list_start|list_end)$/.test(
        key,
      )
        ? undefined
        : value,
    ),
  );
}

beforeAll(async () => {
  await loadModule();
});

describe("shape", () => {
  test.each<[string, string]>([
    ["SELECT * FROM T WHERE Id=5;", "select * from t where id = ?"],
    ["select 'A' , \"A\"", 'select ? , "A"'],
    ["select a from t where b in (1,$2,'x')", "select a from t where b in ( [?] )"],
    ["select a from t where b in (1,c)", "select a from t where b in ( ? , c )"],
    ["select s.in(1,2)", "select s . in ( ? , ? )"],
    ["select a -5, a - 5, (-5), -5::int", "select a - ? , a - ? , ( ? ) , - ? :: int"],
    ["select a between -1 and - 2", "select a between ? and ?"],
    ["select by - 5, t.select -5, $1 -5", "select by - ? , t . select - ? , ? - ?"],
    ["select null -5, x.* -5, end - 5", "select null - ? , x . * - ? , end - ?"],
    ["select $$a$$, b'1', x'f', n'a', u&'b'", "select $$a$$ , b'1' , x'f' , n'a' , u&'b'"],
    ["select 1 /* c */ --d\n, 2", "select ? , ?"],
    ["select É", `select ${bytes("É")}`],
    ["", ""],
    [" ;; ", ""],
    ["select 1; select 2", "select ? ; select ?"],
  ])("%s", (text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  test("slots carry class, value and place", () => {
    const text = "SELECT -5, 'it''s', $3, 1.50, x IN (E'a\\n', -16), 9223372036854775808";
    expect(shapeOf(text)).toMatchObject({
      slots: [
        { kind: "literal", literal: "integer", value: "-5" },
        { kind: "literal", literal: "string", value: "it's" },
        { kind: "placeholder", index: 2 },
        { kind: "literal", literal: "decimal", value: "1.50" },
        {
          kind: "list",
          elements: [
            { kind: "literal", literal: "string", value: "a\n" },
            { kind: "literal", literal: "integer", value: "-16" },
          ],
        },
        { kind: "literal", literal: "decimal", value: "9223372036854775808" },
      ],
    });
    const places = shapeOf(text).spans.map((span) => text.slice(span.start, span.end));
    expect(places).toEqual(["-5", "'it''s'", "$3", "1.50", "E'a\\n', -16", "9223372036854775808"]);
  });

  test.each([
    "select - -5",
    "select 'a",
    "select E'\\xff'",
    "select E'\\0'",
    "select \u0001",
    "select 1_0",
    "select 0xf",
    "select '\xff'",
  ])("%j has none", (text) => {
    expect(postgresLexer.shape(text, SETTINGS)).toBeNull();
  });

  test("backslashes escape while standard_conforming_strings is off", () => {
    const shape = postgresLexer.shape("select 'a\\'b'", POSTGRES_ESCAPING_SETTINGS);
    expect(shape?.slots).toEqual([{ kind: "literal", literal: "string", value: "a'b" }]);
  });

  test.each(STATEMENTS)("shape and slots hold the whole statement: %s", (text) => {
    expect(treeOf(rebuilt(shapeOf(text)))).toEqual(treeOf(text));
  });

  test.each(STATEMENTS)("white space, comments and case make no difference: %s", (text) => {
    const shape = shapeOf(text);
    const again = rebuilt(shape);
    const filler = fc.constantFrom(" ", "\t", "\n", " /* a /* b */ 'c */ ", " -- '\n");
    fc.assert(
      fc.property(fc.infiniteStream(filler), (fillers) => {
        // Only outside quotes: where the rebuilt text has a space and a token ends.
        const spread = outsideQuotes(again, () => fillers.next().value as string);
        expect(shapeOf(spread).text).toBe(shape.text);
        expect(shapeOf(spread).slots).toEqual(shape.slots);
      }),
      { numRuns: 5 },
    );
  });

  test("other literals, the same shape; the values come back", () => {
    const scalar: fc.Arbitrary<ScalarSlot> = fc.oneof(
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => literal("integer", value.toString())),
      fc.integer().map((value) => literal("decimal", (value / 16).toFixed(4))),
      fc.string({ unit: "binary" }).map((value) => literal("string", encodable(value))),
      fc.nat(100).map((index) => ({ kind: "placeholder", index }) as const),
    );
    const list = fc.array(scalar, { minLength: 1, maxLength: 5 });
    const text = "select a from t where b = \u0001 and c in ( \u0002 ) and d > \u0001 limit \u0001";
    fc.assert(
      fc.property(scalar, list, scalar, scalar, (first, elements, second, third) => {
        const slots: Slot[] = [first, { kind: "list", elements }, second, third];
        const statement = rebuilt({ text, slots, spans: [] });
        expect(shapeOf(statement)).toMatchObject({ text, slots });
      }),
    );
  });
});

function literal(kind: "integer" | "decimal" | "string", value: string): ScalarSlot {
  return { kind: "literal", literal: kind, value };
}

/** Valid UTF-8 without NUL, as a byte string. */
function encodable(value: string): string {
  return bytes(value.toWellFormed().replaceAll("\0", ""));
}

/** Replaces single spaces between tokens; quoted parts and signs before casts stay. */
function outsideQuotes(text: string, filler: () => string): string {
  return text
    .split(/('(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$[^]*?\$\$|\$(\w+)\$[^]*?\$\2\$)/)
    .filter((_, index) => index % 3 !== 2)
    .map((part, index) => (index % 2 === 0 ? part?.replaceAll(/ /g, filler) : part))
    .join("");
}
