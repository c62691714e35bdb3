import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CacheRecords } from "./cache-records.ts";

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

test("definitions are read back, and an id is never given twice", () => {
  const path = join(directory, "sub", "caches.json");
  const first = new CacheRecords(path);
  const ids = [first.takeId(), first.takeId()];
  for (const id of ids) first.put(record(id));
  first.delete(ids[1]!);
  const second = new CacheRecords(path);
  expect(second.all()).toEqual([record(ids[0]!)]);
  expect(ids).not.toContain(second.takeId());
});

test("a damaged file is named in one sentence", () => {
  const path = join(directory, "caches.json");
  writeFileSync(path, "{");
  expect(() => new CacheRecords(path)).toThrow(
    /cache definitions in .*caches\.json cannot be read/,
  );
});
