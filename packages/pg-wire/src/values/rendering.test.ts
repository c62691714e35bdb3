import { describe, expect, test } from "vitest";
import { PG_OID, postgresArrayOf, postgresKind, postgresTypeOid } from "@freshet/types";
import type { EncodedRows } from "@freshet/types";
import { compileRendering } from "./rendering.ts";
import { CANONICAL_SETTINGS } from "./rendering-settings.ts";
import type { RenderingSettings } from "./rendering-settings.ts";

const columns = (...typeIds: number[]) =>
  typeIds.map((typeId) => ({ typeId, kind: postgresKind(typeId) }));

function encode(rows: readonly (readonly (string | null)[])[]): EncodedRows {
  const parts = rows.flat().map((cell) => {
    const bytes = Buffer.from(cell ?? "");
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell === null ? -1 : bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return { count: rows.length, bytes: Buffer.concat(parts) };
}

function variant(typeIds: number[], formats: number[], settings: Partial<RenderingSettings> = {}) {
  const rendering = compileRendering(columns(...typeIds), formats, {
    ...CANONICAL_SETTINGS,
    ...settings,
  });
  return rendering.kind === "ok" ? rendering.variantKey : `refused: ${rendering.reason}`;
}

const { int4, text, timestamptz, float8, date } = PG_OID;

describe("renderings", () => {
  test("rows become DataRow messages", () => {
    const rows = encode([
      ["1", "a"],
      [null, ""],
    ]);
    const first = "44000000100002" + "00000001" + "31" + "00000001" + "61";
    const second = "440000000e0002" + "ffffffff" + "00000000";
    for (const formats of [[], [0], [0, 0]]) {
      const rendering = compileRendering(columns(int4, text), formats, CANONICAL_SETTINGS);
      if (rendering.kind === "refused") throw new Error(rendering.reason);
      expect(rendering.render(rows).toString("hex")).toBe(first + second);
    }
  });

  test("mixed formats render column by column", () => {
    const rendering = compileRendering(columns(int4, text, int4), [1, 1, 0], CANONICAL_SETTINGS);
    if (rendering.kind === "refused") throw new Error(rendering.reason);
    expect(rendering.render(encode([["258", "x", null]])).toString("hex")).toBe(
      "44000000" + "17" + "0003" + "00000004" + "00000102" + "00000001" + "78" + "ffffffff",
    );
    expect(rendering.variantKey).toBe("100");
  });

  test("rows without columns keep their number", () => {
    const rendering = compileRendering([], [], CANONICAL_SETTINGS);
    if (rendering.kind === "refused") throw new Error(rendering.reason);
    const rows = { count: 2, bytes: new Uint8Array(0) };
    expect(rendering.render(rows).toString("hex")).toBe("44000000060000".repeat(2));
  });

  test("only what matters is in the variant", () => {
    const berlin = { timeZone: "Europe/Berlin", dateStyle: "German, DMY" };
    expect(variant([int4, text], [])).toBe("");
    expect(variant([text], [1])).toBe("");
    expect(variant([int4, text], [], { ...berlin, intervalStyle: "iso_8601" })).toBe("");
    expect(variant([timestamptz], [])).toBe("");
    expect(variant([timestamptz], [], { dateStyle: "ISO, DMY", timeZone: "Etc/UTC" })).toBe("");
    expect(variant([timestamptz], [], { timeZone: "<+03>-03" })).toBe("|zone=<+03>-03;date=ISO");
    expect(variant([timestamptz], [1], berlin)).toBe("1");
    expect(variant([date], [], berlin)).toBe("|date=German, DMY");
    expect(variant([float8], [], { extraFloatDigits: 3 })).toBe("");
    expect(variant([float8], [], { extraFloatDigits: 0 })).toBe("|float=0");
  });

  test("what cannot be exact is refused with a reason", () => {
    expect(variant([timestamptz], [], { timeZone: "Europe/Berlin" })).toMatch(/Europe\/Berlin/);
    expect(variant([postgresArrayOf(date)!], [], { dateStyle: "SQL, MDY" })).toMatch(/DateStyle/);
    expect(variant([99_999], [], { timeZone: "Europe/Berlin" })).toMatch(/99999/);
    expect(variant([99_999], [1])).toMatch(/binary/);
    expect(variant([postgresTypeOid("money")!], [])).toMatch(/lc_monetary/);
    expect(variant([int4, int4], [0, 0, 0])).toMatch(/formats/);
    expect(variant([int4], [2])).toMatch(/format 2/);
    expect(variant([date], [], { dateStyle: "Klingon" })).toMatch(/DateStyle/);
  });
});
