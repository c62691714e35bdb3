import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BAG, bagRows, INDEX, KEYED, keyedRows } from "../test/crash-writer.ts";
import { show } from "../test/model.ts";
import { openStore } from "./index.ts";

const WRITER = fileURLToPath(new URL("../test/crash-writer.ts", import.meta.url));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-crash-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs the writer, kills it after so many checkpoints; gives the last durable position heard. */
async function writeAndKill(checkpoints: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let durable = 0;
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    durable = Number(line.replace("durable ", ""));
    heard += 1;
    if (heard === checkpoints) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return durable;
}

test("after a kill the rows are those of the position, which no durable one passes", async () => {
  for (const checkpoints of [1, 5, 12]) {
    const durable = await writeAndKill(checkpoints);
    const store = await openStore({ directory });
    expect(store.cleanShutdown).toBe(false);
    expect(store.resetReason).toBeNull();
    const position = Number(store.position());
    expect(position).toBeGreaterThanOrEqual(durable);
    expect(durable).toBeGreaterThan(0);
    expect(store.durablePosition()).toBe(String(position));
    const snapshot = store.snapshot();
    const rows = [...snapshot.scan(KEYED, [0, 1, 2])];
    expect(rows).toStrictEqual(keyedRows(position));
    expect(snapshot.count(KEYED)).toBe(rows.length);
    const bag = [...snapshot.scan(BAG, [0, 1, 2])];
    expect(bag.map(show).sort()).toEqual(bagRows(position).map(show).sort());
    expect(snapshot.count(BAG)).toBe(bag.length);
    const indexed = [...snapshot.lookup(INDEX, [], [0, 1, 2])];
    expect(indexed.map(show).sort()).toEqual(rows.map(show).sort());
    snapshot.close();
    await store.close();
  }
}, 60_000);
