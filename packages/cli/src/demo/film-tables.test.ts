import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DEMO_COUNTS, type FilmTable, filmTables } from "./film-tables.ts";

const SMALL = { titles: 1_003, people: 400 };

function digest(tables: readonly FilmTable[]): string {
  const hash = createHash("sha256");
  for (const table of tables) for (const row of table.rows()) hash.update(row);
  return hash.digest("hex");
}

function column(table: FilmTable | undefined, index: number): string[] {
  return [...(table?.rows() ?? [])].map((row) => row.trimEnd().split("\t")[index] ?? "");
}

describe("film tables", () => {
  it("are the same for the same seed, and different for another", () => {
    expect(digest(filmTables(SMALL))).toBe(digest(filmTables(SMALL)));
    expect(digest(filmTables(SMALL))).not.toBe(digest(filmTables(SMALL, 2)));
  });

  it("announce the number of rows they have", () => {
    for (const table of filmTables(SMALL)) {
      expect([table.name, [...table.rows()].length]).toEqual([table.name, table.rowCount]);
    }
  });

  it("refer only to what exists, and credit nobody twice in one film", () => {
    const [title, , person, , role] = filmTables(SMALL);
    const people = new Set(column(person, 0));
    const titles = new Set(column(title, 0));
    expect(column(role, 1).every((id) => people.has(id))).toBe(true);
    expect(column(role, 0).every((id) => titles.has(id))).toBe(true);
    const pairs = [...(role?.rows() ?? [])].map((row) => row.split("\t").slice(0, 2).join());
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it("are as large as promised in the demo", () => {
    const counts = Object.fromEntries(filmTables(DEMO_COUNTS).map((t) => [t.name, t.rowCount]));
    expect(counts["title"]).toBeGreaterThanOrEqual(200_000);
    expect(counts["rating"]).toBeGreaterThanOrEqual(200_000);
    expect(counts["person"]).toBeGreaterThanOrEqual(150_000);
    expect(counts["role"]).toBeGreaterThanOrEqual(500_000);
  });
});
