import { join } from "node:path";
import { openStore } from "@freshet/storage";
import { silentLogger, systemClock } from "@freshet/util";
import { writeOwner } from "../engine/ownership.ts";
import { mysqlBackupLog } from "../replication/mysql/backup-log.ts";
import { comparePositions } from "../replication/postgres/position.ts";
import { openLocation } from "./location.ts";
import { makeBackup } from "./make-backup.ts";
import { restoreNewest } from "./restore-newest.ts";

/**
 * Backs a store up, or restores one, and kills itself after the step named (`kill-points.test.ts`).
 * Arguments: `backup` or `restore`, the location, the storage, the step or `none`.
 */
export const OWNER = { deployment: "d", dialect: "postgres", replica: "s1" };
export const TABLE = 1;
export const ROWS = 2_000;

/** The one counter that every row of the table holds at a position. */
export function positionOf(counter: number): string {
  return counter.toString(16).toUpperCase().padStart(16, "0");
}

export function restore(location: string, directory: string, step: string) {
  return restoreNewest({
    location: openLocation(location),
    owner: OWNER,
    anyReplica: false,
    directory,
    definitionsPath: `${directory}.caches.json`,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    onStep: (reached) => killAt(reached, step),
  });
}

async function backup(location: string, directory: string, step: string): Promise<void> {
  const store = await openStore({ directory });
  if (store.tables().length === 0) {
    const type = { kind: "int", upstreamId: 0, name: "int", modifier: -1 } as const;
    const columns = [
      { name: "id", number: 1, type, notNull: true },
      { name: "counter", number: 2, type, notNull: true },
    ];
    const key = { key: [0], uniqueKeys: [], generation: "1" };
    store.createTable({ id: TABLE, schema: "public", name: "t", columns, ...key });
    store.setTableState(TABLE, { kind: "ready", document: null });
    writeOwner(store, {
      systemId: "1",
      database: "d",
      timeline: "1",
      slot: "s",
      serverVersion: "",
      resumePosition: null,
      logEnd: null,
      fresh: false,
    });
  }
  let counter = Number.parseInt(store.position() ?? "0", 16);
  const count = () => {
    counter += 1;
    store.write((batch) => {
      for (let id = 0; id < ROWS; id += 1) batch.upsert(TABLE, [id, counter]);
      batch.setPosition(positionOf(counter));
    });
  };
  count();
  let done = false;
  const counting = (async () => {
    while (!done) {
      count();
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  await makeBackup(
    {
      source: {
        store,
        backups: mysqlBackupLog(() => Promise.resolve(store.position() ?? "")),
        compare: comparePositions,
        settle: () => Promise.resolve(),
      },
      location: openLocation(location),
      owner: OWNER,
      keep: 1,
      workDirectory: `${directory}.backup`,
      definitionsPath: join(directory, "none"),
      clock: systemClock,
      onStep: (reached) => killAt(reached, step),
    },
    new AbortController().signal,
  );
  done = true;
  await counting;
  await store.close();
}

function killAt(reached: string, step: string): void {
  if (reached === step) process.kill(process.pid, "SIGKILL");
}

if (import.meta.main) {
  const [what = "", location = "", directory = "", step = ""] = process.argv.slice(2);
  if (what === "backup") await backup(location, directory, step);
  else await restore(location, directory, step);
}
