import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row, TableSchema, ValueKind } from "@freshet/types";
import { ConfigurationError, InvariantError } from "@freshet/util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { typeOfKind } from "../../types/test/value-arbitraries.ts";
import { openStore } from "./index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-open-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const MARKER = "freshet-store.json";
const LOCK = "freshet-store.lock";

function schemaOf(
  id: number,
  kinds: readonly ValueKind[],
  key: readonly number[] | null = [0],
): TableSchema {
  const columns = kinds.map((kind, number) => ({
    name: `c${number}`,
    number: number + 1,
    type: typeOfKind(kind),
    notNull: false,
  }));
  return { id, schema: "public", name: `t${id}`, columns, key, uniqueKeys: [], generation: "1" };
}

function editJson(name: string, change: object): void {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...change }));
}

describe("the directory", () => {
  test("belongs to one store at a time", async () => {
    const store = await openStore({ directory });
    await expect(openStore({ directory })).rejects.toThrow(ConfigurationError);
    await expect(openStore({ directory })).rejects.toThrow(directory);
    await store.close();
    // Our parent process lives and is not us.
    writeFileSync(join(directory, LOCK), "");
    const next = await openStore({ directory });
    const lock = readFileSync(join(directory, LOCK), "utf8");
    await next.close();
    const owner = { ...JSON.parse(lock), pid: process.ppid, startTime: null };
    writeFileSync(join(directory, LOCK), JSON.stringify(owner));
    await expect(openStore({ directory })).rejects.toThrow(`pid ${process.ppid}`);
    // The same pid of another start is another process.
    writeFileSync(join(directory, LOCK), JSON.stringify({ ...owner, startTime: "1" }));
    await (await openStore({ directory })).close();
  });

  test("is refused when it holds something else", async () => {
    writeFileSync(join(directory, "data.mdb"), "something");
    await expect(openStore({ directory })).rejects.toThrow(ConfigurationError);
  });

  test("is emptied when the machine stopped while it was open, or the form is another", async () => {
    const changes = [{ clean: false, bootId: "another" }, { format: 0 }];
    for (const change of changes) {
      const store = await openStore({ directory });
      expect(store.position()).toBeNull();
      store.createTable(schemaOf(1, ["int"]));
      store.write((batch) => batch.setPosition("5"));
      await store.close();
      editJson(MARKER, change);
      const next = await openStore({ directory });
      expect(next.resetReason).not.toBeNull();
      expect(next.position()).toBeNull();
      expect(next.tables()).toEqual([]);
      await next.close();
    }
  });

  test("keeps its data after only the process died", async () => {
    const store = await openStore({ directory });
    store.write((batch) => batch.setPosition("5"));
    await store.close();
    editJson(MARKER, { clean: false });
    const next = await openStore({ directory });
    expect([next.cleanShutdown, next.resetReason, next.position()]).toEqual([false, null, "5"]);
    await next.close();
  });
});

describe("tables", () => {
  test("hundreds of tables with a thousand indexes", async () => {
    const store = await openStore({ directory });
    const rows: Row[] = [
      [1, 2, 3, 4],
      [5, 2, 3, 1],
    ];
    for (let table = 1; table <= 320; table++) {
      store.createTable(schemaOf(table, ["int", "int", "int", "int"]));
      store.write((batch) => rows.forEach((row) => batch.upsert(table, row)));
      for (const columns of [[1], [2], [3], [1, 3]]) store.ensureIndex({ table, columns });
    }
    await store.close();
    const next = await openStore({ directory });
    expect(next.tables()).toHaveLength(320);
    const snapshot = next.snapshot();
    for (let table = 1; table <= 320; table++) {
      expect([...snapshot.lookup({ table, columns: [3] }, [], [0])]).toEqual([[5], [1]]);
      expect([...snapshot.lookup({ table, columns: [1, 3] }, [2, 4], [0])]).toEqual([[1]]);
    }
    await next.close();
  });

  test("a replaced table is empty, has its new columns and no old index", async () => {
    const store = await openStore({ directory });
    store.createTable(schemaOf(1, ["int", "int"]));
    store.ensureIndex({ table: 1, columns: [1] });
    store.write((batch) => batch.upsert(1, [1, 2]));
    const before = store.snapshot();
    store.createTable(schemaOf(1, ["text"]));
    store.write((batch) => batch.upsert(1, ["x"]));
    const after = store.snapshot();
    expect([...before.scan(1, [0, 1])]).toEqual([[1, 2]]);
    expect([...after.scan(1, [0])]).toEqual([["x"]]);
    expect(() => after.lookup({ table: 1, columns: [1] }, [2], [0])).toThrow(InvariantError);
    store.dropTable(1);
    expect(store.tables()).toEqual([]);
    expect(() => store.snapshot().scan(1, [0])).toThrow("no table 1");
    await store.close();
  });

  test("what is dropped is collected by later checkpoints", async () => {
    const store = await openStore({ directory });
    const fill = (): void => {
      store.createTable(schemaOf(1, ["int", "text"]));
      store.write((batch) => {
        for (let id = 0; id < 5000; id++) batch.upsert(1, [id, "some text ".repeat(20)]);
      });
    };
    fill();
    await store.checkpoint();
    const once = store.statistics().fileBytes;
    for (let round = 0; round < 10; round++) {
      fill();
      for (let turn = 0; turn < 3; turn++) await store.checkpoint();
    }
    expect(store.statistics().fileBytes).toBeLessThan(once * 4);
    await store.close();
  });

  test("states and documents are kept and go with their transaction", async () => {
    const store = await openStore({ directory });
    store.createTable(schemaOf(1, ["int"]));
    expect(store.tables()[0]?.state).toEqual({ kind: "copying", document: null });
    store.setTableState(1, { kind: "copying", document: { block: 3 } });
    const failing = (): void =>
      store.write((batch) => {
        batch.setTableState(1, { kind: "ready", document: null });
        batch.putDocument("a/1", 1);
        throw new Error("on purpose");
      });
    expect(failing).toThrow("on purpose");
    store.write((batch) => {
      batch.putDocument("a/1", { x: [1] });
      batch.putDocument("a/2", null);
      batch.putDocument("b/1", "text");
    });
    store.write((batch) => batch.deleteDocument("b/1"));
    await store.close();
    const next = await openStore({ directory });
    expect(next.tables()[0]?.state).toEqual({ kind: "copying", document: { block: 3 } });
    expect(next.listDocuments("a/")).toEqual([
      { name: "a/1", document: { x: [1] } },
      { name: "a/2", document: null },
    ]);
    expect(next.readDocument("b/1")).toBeUndefined();
    await next.close();
  });
});

describe("snapshots", () => {
  test("stay as they are under writes, also halfway through an iteration", async () => {
    const store = await openStore({ directory });
    store.createTable(schemaOf(1, ["int", "int", "text"]));
    store.ensureIndex({ table: 1, columns: [1] });
    const body = "long ".repeat(40_000);
    store.write((batch) => {
      for (let id = 0; id < 20; id++) batch.upsert(1, [id, id % 4, `${id} ${body}`]);
      batch.setPosition("1");
    });
    const snapshot = store.snapshot();
    const seen: Row[] = [];
    for (const [id] of snapshot.scan(1, [0])) {
      // Inner readings and writes use the same buffers.
      const inner = [...snapshot.lookup({ table: 1, columns: [1] }, [Number(id) % 4], [0, 2])];
      expect(inner).toHaveLength(5);
      expect(inner[0]?.[1]).toBe(`${Number(id) % 4} ${body}`);
      store.write((batch) => {
        batch.delete(1, [19 - Number(id)]);
        batch.upsert(1, [Number(id), 9, "new"]);
        batch.setPosition(`2.${String(id)}`);
      });
      await Promise.resolve();
      seen.push([id ?? null]);
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, id) => [id]));
    expect(snapshot.position).toBe("1");
    expect(snapshot.count(1)).toBe(20);
    expect(store.statistics().oldestReaderMs).toBeGreaterThan(0);
    snapshot.close();
    expect(store.statistics().oldestReaderMs).toBe(0);
    await store.close();
  });

  test("end with their iterations", async () => {
    const store = await openStore({ directory });
    store.createTable(schemaOf(1, ["int"]));
    store.write((batch) => {
      for (let id = 0; id < 5; id++) batch.upsert(1, [id]);
    });
    for (let round = 0; round < 3000; round++) {
      const snapshot = store.snapshot();
      const left = snapshot.scan(1, [0])[Symbol.iterator]();
      left.next();
      store.write((batch) => batch.upsert(1, [round]));
      snapshot.close();
      expect(() => [...snapshot.scan(1, [0])]).toThrow("closed");
      if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await store.close();
  });

  test("cannot be read inside a write, which cannot nest either", async () => {
    const store = await openStore({ directory });
    store.createTable(schemaOf(1, ["int"]));
    const snapshot = store.snapshot();
    store.write((batch) => {
      batch.upsert(1, [1]);
      expect(() => [...snapshot.scan(1, [0])]).toThrow(InvariantError);
      expect(() => snapshot.lookup({ table: 1, columns: [0] }, [1], [0])).toThrow(InvariantError);
      expect(() => store.write(() => undefined)).toThrow(InvariantError);
      expect(() => store.snapshot()).toThrow(InvariantError);
    });
    expect([...snapshot.scan(1, [0])]).toEqual([]);
    await store.close();
  });
});
