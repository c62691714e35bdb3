import { describe, expect, it } from "vitest";
import { setupNames } from "./names.ts";
import {
  comparePositions,
  lsnOfPosition,
  positionOfLsn,
  positionOfText,
  textOfPosition,
} from "./position.ts";
import { parseScope } from "./catalog.ts";
import { provenOrder } from "./collations.ts";

describe("positions", () => {
  it("order as the log does and survive the server's notation", () => {
    const texts = ["0/0", "0/FF", "0/FFFFFFFF", "1/0", "A/9", "FFFFFFFF/FFFFFFFF"];
    const positions = texts.map(positionOfText);
    expect([...positions].sort(comparePositions)).toEqual(positions);
    expect(positions.map(textOfPosition)).toEqual(texts);
    expect(positions.map((position) => positionOfLsn(lsnOfPosition(position)))).toEqual(positions);
    expect(() => lsnOfPosition("12")).toThrow();
  });
});

describe("names", () => {
  it("fit into the server's limits and never hold odd characters", () => {
    const names = setupNames(`Ünsafe-"${"x".repeat(100)}`);
    expect(names.slot).toMatch(/^freshet_[a-z0-9_]{1,55}$/);
    expect(names.triggers.rewrite.length).toBeLessThanOrEqual(63);
  });

  it("read the text of current_schemas", () => {
    expect(parseScope('{pg_catalog,public,"a \\"b\\",c",x}')).toEqual([
      "pg_catalog",
      "public",
      'a "b",c',
      "x",
    ]);
    expect(parseScope("{}")).toEqual([]);
  });
});

describe("collations", () => {
  it("prove a bytewise order only where memory is compared", () => {
    const order = (provider: string, locale: string, encoding = "UTF8") =>
      provenOrder({ provider, locale, deterministic: true }, encoding).order;
    expect(order("c", "C")).toBe("bytes");
    expect(order("c", "C.UTF-8")).toBe("bytes");
    expect(order("b", "C.UTF-8")).toBe("bytes");
    expect(order("c", "en_US.UTF-8")).toBe("none");
    expect(order("i", "und")).toBe("none");
    expect(order("c", "C", "LATIN1")).toBe("none");
    const loose = provenOrder({ provider: "i", locale: "und", deterministic: false }, "UTF8");
    expect(loose).toEqual({ equality: "none", order: "none" });
  });
});
