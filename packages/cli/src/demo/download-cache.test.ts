import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheDirectory, cached, findCached } from "./download-cache.ts";

/** Higher than any pid of Linux. */
const NOBODYS_PID = 2 ** 22 + 1;

describe("cached", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "freshet-cache-"));
    vi.stubEnv("XDG_CACHE_HOME", home);
    await mkdir(cacheDirectory());
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true, force: true });
  });

  const make = vi.fn(async (directory: string) => {
    await writeFile(join(directory, "file"), "content");
    return "1.2.3";
  });

  it("makes a directory once for all that ask at the same time", async () => {
    make.mockClear();
    const found = await Promise.all([1, 2, 3].map(() => cached("tool", make)));
    expect(make).toHaveBeenCalledTimes(1);
    expect(new Set(found)).toEqual(new Set([join(cacheDirectory(), "tool-1.2.3")]));
    expect(await readFile(join(found[0] ?? "", "file"), "utf8")).toBe("content");
    expect(await readdir(cacheDirectory())).toEqual(["tool-1.2.3"]);
  });

  it("leaves nothing when it fails, and tries again", async () => {
    const failing = cached("tool", () => Promise.reject(new Error("no network")));
    await expect(failing).rejects.toThrow("no network");
    expect(await readdir(cacheDirectory())).toEqual([]);
    expect(basename(await cached("tool", make))).toBe("tool-1.2.3");
  });

  it.each([
    ["whose process is gone", String(NOBODYS_PID)],
    ["that is old and tells no process", null],
  ])("takes over a lock %s, with what was left unfinished", async (_, pid) => {
    const lock = join(cacheDirectory(), ".lock-tool");
    await mkdir(lock);
    if (pid !== null) await writeFile(join(lock, "pid"), pid);
    else await utimes(lock, 0, 0);
    await mkdir(join(cacheDirectory(), `.new-tool-${NOBODYS_PID}`));
    await mkdir(join(cacheDirectory(), `.new-tool-${NOBODYS_PID}.apt`));
    await mkdir(join(cacheDirectory(), ".new-tool-data-1"));
    await cached("tool", make);
    expect((await readdir(cacheDirectory())).sort()).toEqual([".new-tool-data-1", "tool-1.2.3"]);
  });

  it("finds the newest version, or the one asked for", async () => {
    for (const name of ["tool-9.7.4", "tool-10.1.0", "tool-data-11.0", "tools-12"]) {
      await mkdir(join(cacheDirectory(), name));
    }
    expect(await findCached("tool")).toBe(join(cacheDirectory(), "tool-10.1.0"));
    expect(await findCached("tool", "9.7.4")).toBe(join(cacheDirectory(), "tool-9.7.4"));
    expect(await findCached("tool", "9.7.5")).toBeNull();
    expect(await findCached("other")).toBeNull();
  });
});
