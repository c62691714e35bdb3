import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigurationError } from "@freshet/util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { backupName, replicaPrefix, timeOfBackup } from "./backup-names.ts";
import { openLocation } from "./location.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "freshet-location-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const { signal } = new AbortController();

async function* content(text: string): AsyncGenerator<Buffer, void, undefined> {
  yield await Promise.resolve(Buffer.from(text));
}

test.each(["", "backups", "/backups", "file://host/x", "http://bucket/x", "s3://"])(
  "%j is no location",
  (text) => {
    expect(() => openLocation(text)).toThrow(ConfigurationError);
  },
);

test("a directory keeps objects by name, and forgets empty directories", async () => {
  const location = openLocation(pathToFileURL(join(directory, "new folder")).href);
  expect(await location.list("a/")).toEqual([]);
  await location.write("a/b/c", content("one"), 3, signal);
  await location.write("a/b/c", content("other"), 5, signal);
  expect(await location.list("a/")).toEqual([{ name: "a/b/c", bytes: 5 }]);
  const read: Buffer[] = [];
  for await (const chunk of await location.read("a/b/c", signal)) read.push(chunk as Buffer);
  expect(Buffer.concat(read).toString()).toBe("other");
  await location.remove(["a/b/c", "a/b/d"]);
  expect(await location.list("a/")).toEqual([]);
  await expect(location.read("a/b/c", signal)).rejects.toThrow("ENOENT");
});

test("names sort by time, also when the clock goes back, and say whose a backup is", () => {
  const first = backupName(Date.parse("2026-11-22T10:00:00.000Z"), null);
  expect(first).toBe("20261122T100000.000Z");
  const second = backupName(0, first);
  expect(second > first).toBe(true);
  expect(timeOfBackup(second) - timeOfBackup(first)).toBe(1);
  expect(timeOfBackup("something")).toBe(0);
  expect(replicaPrefix({ deployment: "d/e", dialect: "mysql", replica: "s1" })).toBe(
    "d%2Fe/mysql/s1/",
  );
});
