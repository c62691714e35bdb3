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

test.each(["t", ".t", "a.", "*.t"])("%s is no pattern", (pattern) => {
  expect(() => new TableFilter({ only: [pattern], ignore: null, foldCase: false })).toThrow(
    /--replication-tables has .*write schema\.table/,
  );
});
