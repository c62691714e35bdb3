import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ManualClock, silentLogger } from "@freshet/util";
import { expect, test, vi } from "vitest";
import { BackupKeeper } from "./backup-keeper.ts";
import { openLocation } from "./location.ts";
import type { BackupJob } from "./make-backup.ts";

test("while there is no whole copy, a failure leaves no log kept for one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "freshet-keeper-"));
  const location = openLocation(pathToFileURL(directory).href);
  const clock = new ManualClock();
  const done: string[] = [];
  const backups = {
    hold: () => Promise.resolve({ position: "1", reach: null, evidence: null }),
    state: () => Promise.resolve({ lost: null, retainedBytes: null }),
    drop: () => Promise.resolve(String(done.push("dropped"))),
  };
  const source = {
    ...{ backups, compare: () => 0, store: null },
    settle: () => Promise.reject(new Error("the disk is full")),
  };
  const job = {
    ...{ source, location, clock, keep: 1, definitionsPath: join(directory, "none") },
    owner: { deployment: "d", dialect: "postgres", replica: "s1" },
    workDirectory: join(directory, "work"),
  } as unknown as BackupJob;
  const logger = silentLogger;
  const keeper = new BackupKeeper({ job, intervalMs: 60_000, worthwhile: () => true, logger });
  const ended = new AbortController();
  clock.advance(120_000);
  const running = keeper.run(ended.signal);
  await vi.waitFor(() => expect(done).toEqual(["dropped"]));
  expect(keeper.status()).toMatchObject({ failures: 1, lastError: "the disk is full" });
  ended.abort();
  await running;
  location.close();
  await rm(directory, { recursive: true });
});
