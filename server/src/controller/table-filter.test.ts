import { expect, test } from "vitest";
import { TableFilter } from "./table-filter.ts";

const allowed = (
  only: readonly string[] | null,
  ignore: readonly string[] | null,
  table: string,
  foldCase = false,
): boolean => {
  const [schema, name] = table.split(".") as [string, string];
  return new TableFilter({ only, ignore, foldCase }).refusal({ schema, name }) === null;
};

test("tables are named, or all of a schema, or all; those ignored go first", () => {
  expect(allowed(null, null, "public.t")).toBe(true);
  expect(allowed(["public.t"], null, "public.t")).toBe(true);
  expect(allowed(["public.t"], null, "public.u")).toBe(false);
  expect(allowed(["app.*"], null, "app.x")).toBe(true);
  expect(allowed(["app.*"], ["app.x"], "app.x")).toBe(false);
  expect(allowed(["*.*"], ["audit.*"], "audit.x")).toBe(false);
  expect(allowed(null, ["audit.*"], "app.x")).toBe(true);
  expect(allowed(["public.T"], null, "public.t")).toBe(false);
  expect(allowed(["db.T"], null, "DB.t", true)).toBe(true);
});

test("the reason names the option", () => {
  const filter = new TableFilter({ only: ["a.b"], ignore: null, foldCase: false });
  expect(filter.refusal({ schema: "a", name: "c" })).toBe(
    "table a.c is not replicated (--replication-tables does not name it)",
  );
});

test("statements widen what the option names, not what is ignored", () => {
  const filter = new TableFilter({ only: ["a.b"], ignore: ["a.x"], foldCase: true });
  const refused = (table: string): boolean => {
    const [schema, name] = table.split(".") as [string, string];
    return filter.refusal({ schema, name }) !== null;
  };
  expect(filter.toString()).toBe("a.b except a.x");
  filter.widen(["a.C", "d.*", "what is this"]);
  expect(["a.b", "A.c", "d.t", "a.x", "a.y"].map(refused)).toEqual([
    ...[false, false, false, true, true],
  ]);
  expect(filter.toString()).toBe("a.b, a.C (added), d.* (added) except a.x");
  filter.widen(["A.B", "*.*"]);
  expect(["a.x", "e.t"].map(refused)).toEqual([true, false]);
  expect(filter.toString()).toBe("a.b, *.* (added) except a.x");
  const all = new TableFilter({ only: null, ignore: null, foldCase: false });
  all.widen(["a.b"]);
  expect([all.allowsAll, all.toString()]).toEqual([true, "all"]);
});

test.each(["t", ".t", "a.", "*.t"])("%s is no pattern", (pattern) => {
  expect(() => new TableFilter({ only: [pattern], ignore: null, foldCase: false })).toThrow(
    /--replication-tables has .*write schema\.table/,
  );
});
