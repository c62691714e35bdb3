import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type OpenedStore } from "@freshet/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { UpstreamIdentity } from "../replication/contract.ts";
import { identityProblem, noteBreakdown, readOwner, writeOwner } from "./ownership.ts";

const IDENTITY: UpstreamIdentity = {
  systemId: "1",
  database: "d",
  timeline: "1",
  slot: "freshet_test",
  serverVersion: "18",
  resumePosition: "0000000000000010",
  logEnd: "0000000000000090",
  fresh: false,
};
const compare = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0);

let directory = "";
let store: OpenedStore;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "freshet-owner-"));
  store = await openStore({ directory });
  writeOwner(store, IDENTITY);
  store.write((batch) => batch.setPosition("0000000000000020"));
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

const problem = (identity: UpstreamIdentity = IDENTITY) =>
  identityProblem(readOwner(store), identity, store, compare);

test("the copy continues where the slot still reaches back to it", () => {
  expect(problem()).toBeNull();
});

test.each([
  ["another database server", { systemId: "2" }],
  ["another database", { database: "e" }],
  ["timeline", { timeline: "2" }],
  ["another one", { slot: "freshet_other" }],
  ["created again", { fresh: true }],
  ["moved past", { resumePosition: "0000000000000030" }],
  ["an earlier state", { logEnd: "0000000000000019" }],
])("the copy is not continued: %s", (words, difference) => {
  expect(problem({ ...IDENTITY, ...difference })).toContain(words);
});

test("changes that break the engine three times at one position end the copy", () => {
  for (let i = 0; i < 2; i += 1) noteBreakdown(store);
  expect(problem()).toBeNull();
  noteBreakdown(store);
  expect(problem()).toContain("repeatedly");
  store.write((batch) => batch.setPosition("0000000000000021"));
  expect(problem()).toBeNull();
});
