import type { TableId } from "@freshet/types";
import { expect, test } from "vitest";
import { type StreamChange, type StreamTransaction, UNCHANGED } from "../replication/contract.ts";
import { DeferredChanges } from "./deferred-changes.ts";

const TABLE = 1 as TableId;

function update(id: number): StreamChange {
  return { kind: "update", table: TABLE, old: null, oldIsFull: false, row: [id, UNCHANGED] };
}

test("changes with values left out survive being written to disk, whoever marks them", () => {
  const deferred = new DeferredChanges(4);
  const changes = Array.from({ length: 10 }, (_, id) => update(id));
  const transaction: StreamTransaction = {
    position: "0/1",
    xid: 7,
    commitTimeMs: 0,
    changes,
    partial: true,
  };
  for (const change of changes) deferred.push(transaction, change);
  expect(deferred.spilled).toBe(true);
  const drained = [...deferred.take(Infinity)];
  expect(drained.map(({ change }) => change)).toEqual(changes);
  expect(drained.map(({ mark }) => mark)).toEqual(changes.map(() => ({ position: "0/1", xid: 7 })));
  deferred.close();
});
