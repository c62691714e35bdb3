import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { openStore } from "@freshet/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { positionOf, restore, ROWS, TABLE } from "./kill-child.ts";

let base = "";
let location = "";
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "freshet-kill-"));
  location = pathToFileURL(join(base, "backups")).href;
});
afterEach(() => rm(base, { recursive: true, force: true }));

const at = (name: string) => join(base, name);

/** Resolves with the signal that ended it. */
function child(what: "backup" | "restore", directory: string, step: string): Promise<string> {
  const script = fileURLToPath(new URL("kill-child.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, what, location, directory, step], (error, _out, stderr) => {
      if (error === null) resolve("none");
      else if (error.signal) resolve(error.signal);
      else reject(new Error(stderr));
    });
  });
}

/** The counter that all rows of the restored store hold; null when nothing was restored. */
async function restoredCounter(directory: string): Promise<number | null> {
  const manifest = await restore(location, directory, "none");
  const store = await openStore({ directory });
  try {
    expect(store.resetReason).toBeNull();
    const position = store.position();
    if (position === null) return null;
    if (manifest !== null) expect(position).toBe(manifest.position);
    const snapshot = store.snapshot();
    const counters = [...snapshot.scan(TABLE, [1])].map(([counter]) => Number(counter));
    snapshot.close();
    expect(counters).toHaveLength(ROWS);
    const [first = 0] = counters;
    expect(new Set(counters)).toEqual(new Set([first]));
    expect(positionOf(first)).toBe(position);
    expect(store.readDocument("restored")).toMatchObject({ position });
    return first;
  } finally {
    await store.close();
  }
}

test.each(["held", "copied", "stored", "whole", "released", "pruned"])(
  "a backup that was killed when it was %s",
  async (step) => {
    expect(await child("backup", at("store"), "none")).toBe("none");
    const before = await restoredCounter(at("one"));
    expect(before).not.toBeNull();
    expect(await child("backup", at("store"), step)).toBe("SIGKILL");
    const after = await restoredCounter(at("two"));
    const isWhole = ["whole", "released", "pruned"].includes(step);
    if (isWhole) expect(after).toBeGreaterThan(before!);
    else expect(after).toBe(before);
    // The next one clears up: one whole copy is left, and nothing of the others.
    expect(await child("backup", at("store"), "none")).toBe("none");
    expect(await restoredCounter(at("three"))).toBeGreaterThan(after!);
    expect(await readdir(at("backups/d/postgres/s1"))).toHaveLength(1);
    expect(existsSync(at("store.backup"))).toBe(false);
  },
);

test("a first backup that was killed is none", async () => {
  expect(await child("backup", at("store"), "stored")).toBe("SIGKILL");
  expect(await restoredCounter(at("one"))).toBeNull();
});

test.each(["fetched", "checked", "installed"])(
  "a restore that was killed when it was %s starts over, or is there",
  async (step) => {
    expect(await child("backup", at("store"), "none")).toBe("none");
    expect(await child("restore", at("one"), step)).toBe("SIGKILL");
    expect(existsSync(at("one/data.mdb"))).toBe(step === "installed");
    expect(await restoredCounter(at("one"))).not.toBeNull();
    expect(existsSync(at("one.restoring"))).toBe(false);
  },
);
