import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Definitions, DEFINITIONS_FORM } from "./definitions.ts";
import { LocalState } from "./state-file.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-records-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const record = (id: number) => ({
  id,
  name: `c${id}`,
  select: "select 1",
  database: "d",
  scopeIdentity: "{pg_catalog,public}",
  inTransaction: "until-write" as const,
});
const open = (path: string) => new Definitions(new LocalState(path, DEFINITIONS_FORM));

test("definitions are read back, and an id is never given twice", async () => {
  const path = join(directory, "sub", "caches.json");
  const first = open(path);
  const ids = [await first.takeId(), await first.takeId()];
  for (const id of ids) await first.put(record(id), () => false);
  expect(await first.remove(({ id }) => id === ids[1])).toBe(1);
  const second = open(path);
  expect(second.all()).toEqual([record(ids[0]!)]);
  expect(ids).not.toContain(await second.takeId());
});

test("a record and those it replaces change places in one step", async () => {
  const definitions = open(join(directory, "caches.json"));
  const seen: string[][] = [];
  definitions.onChange(() => seen.push(definitions.all().map(({ name }) => name)));
  await definitions.put(record(1), () => false);
  await definitions.put(record(2), ({ id }) => id === 1);
  expect(seen).toEqual([["c1"], ["c2"]]);
});

test("a damaged file is named in one sentence", () => {
  const path = join(directory, "caches.json");
  writeFileSync(path, "{");
  expect(() => open(path)).toThrow(/cache definitions in .*caches\.json cannot be read/);
});
