import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BackupLocation } from "./location.ts";
import { fetchFile, storeFile } from "./transfer.ts";

let base = "";
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "freshet-transfer-"));
});
afterEach(() => rm(base, { recursive: true, force: true }));

function locationThat(write: BackupLocation["write"]): BackupLocation {
  const unused = () => Promise.reject(new Error("not to be called"));
  return { list: unused, read: unused, remove: unused, close: () => undefined, write };
}

/** Files of ours that are open, also those that have been removed. */
async function openFiles(): Promise<readonly string[]> {
  const links = await readdir("/proc/self/fd");
  const paths = await Promise.all(
    links.map((link) => readlink(`/proc/self/fd/${link}`).catch(() => "")),
  );
  return paths.filter((path) => path.startsWith(base));
}

const failures: readonly (readonly [string, BackupLocation["write"]])[] = [
  ["before anything was read", () => Promise.reject(new Error("no space left"))],
  [
    "after something was read",
    async (_name, content) => {
      for await (const chunk of content) throw new Error(`no space left for ${chunk.length}`);
    },
  ],
];

test.skipIf(process.platform !== "linux").each(failures)(
  "a location that fails %s leaves the file closed",
  async (_when, write) => {
    const path = join(base, "data");
    await writeFile(path, randomBytes(16 << 20));
    const signal = new AbortController().signal;
    const stored = storeFile({
      path,
      name: "data",
      location: locationThat(write),
      prefix: "",
      signal,
    });
    await expect(stored).rejects.toThrow("no space left");
    await rm(path);
    // As long as it is open its space is not free.
    await vi.waitFor(async () => expect(await openFiles()).toEqual([]));
  },
);

test("a file with any bit changed, or cut off anywhere, is damaged, by that name", async () => {
  const path = join(base, "data");
  await writeFile(path, Buffer.concat([Buffer.alloc(3_000), randomBytes(60)]));
  let stored = Buffer.alloc(0);
  const location: BackupLocation = {
    ...locationThat(async (_name, content) => void (stored = await buffer(content))),
    read: () => Promise.resolve(Readable.from([stored])),
  };
  const { signal } = new AbortController();
  const file = await storeFile({ path, name: "data", location, prefix: "p/", signal });
  const fetched = () => fetchFile({ file, path, location, prefix: "p/", signal });
  await fetched();
  const whole = stored;
  for (let at = 0; at < whole.length; at += 1) {
    stored = Buffer.from(whole);
    stored[at]! ^= 1 << (at % 8);
    await expect(fetched(), `bit in byte ${at}`).rejects.toThrow("p/data.zst is damaged");
    stored = whole.subarray(0, at);
    await expect(fetched(), `${at} bytes`).rejects.toThrow("p/data.zst is damaged");
  }
});
