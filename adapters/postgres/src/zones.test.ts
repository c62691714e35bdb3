import { silentLogger } from "@freshet/util";
import { expect, onTestFinished, test, vi } from "vitest";
import type { ZoneTransitions } from "./learn-zone.ts";
import { ZoneBook } from "./zones.ts";

const LIMITS = { zones: 2, relearnMs: 3_600_000, retryMs: 60_000, expiryMs: 7_200_000 };
const SUMMER: ZoneTransitions = [
  [-1000, 3600],
  [0, 7200],
];

interface Asked {
  readonly name: string;
  readonly tell: (transitions: ZoneTransitions) => Promise<void>;
  readonly fail: () => Promise<void>;
}

/** A book whose questions a test answers, on a clock it moves. */
function book() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const asked: Asked[] = [];
  const settled = async () => void (await vi.advanceTimersByTimeAsync(0));
  const zones = new ZoneBook(
    (name) =>
      new Promise((resolve, reject) => {
        asked.push({
          name,
          tell: (transitions) => (resolve(transitions), settled()),
          fail: () => (reject(new Error("no")), settled()),
        });
      }),
    silentLogger,
    LIMITS,
  );
  return { zones, asked };
}

test("a zone is learned once, after it was asked for; the state changes when it is known", async () => {
  const { zones, asked } = book();
  const state = zones.state;
  expect(zones.lookup("Europe/Berlin")).toBeUndefined();
  expect(zones.lookup("Europe/Berlin")).toBeUndefined();
  expect(asked.map(({ name }) => name)).toEqual(["Europe/Berlin"]);
  expect(zones.state).toBe(state);
  await asked[0]!.tell(SUMMER);
  expect(zones.state).not.toBe(state);
  expect(zones.lookup("Europe/Berlin")?.zone.offsetAt(5)).toBe(7200);
  expect(asked.length).toBe(1);
});

test("one at a time, no more than the limit, and only names that are safe to ask for", async () => {
  const { zones, asked } = book();
  for (const name of ["A", "B", "C"]) expect(zones.lookup(name)).toBeUndefined();
  for (const name of ["", "x'y", "AAA0BBB,J1/0,J1/1", "a\\b"]) zones.lookup(name);
  expect(asked.map(({ name }) => name)).toEqual(["A"]);
  await asked[0]!.tell(SUMMER);
  expect(asked.map(({ name }) => name)).toEqual(["A", "B"]);
  await asked[1]!.tell(SUMMER);
  expect(zones.lookup("C")).toBeUndefined();
  expect(asked.length).toBe(2);
  // One that nobody has asked for in a long time makes room.
  await vi.advanceTimersByTimeAsync(LIMITS.expiryMs + 10);
  expect(zones.lookup("C")).toBeUndefined();
  expect(asked.map(({ name }) => name)).toEqual(["A", "B", "C"]);
});

test("a failure is tried again after a while, and not before", async () => {
  const { zones, asked } = book();
  zones.lookup("A");
  await asked[0]!.fail();
  const state = zones.state;
  await vi.advanceTimersByTimeAsync(LIMITS.retryMs - 1000);
  expect([zones.lookup("A"), zones.state, asked.length]).toEqual([undefined, state, 1]);
  await vi.advanceTimersByTimeAsync(2000);
  expect(zones.state).not.toBe(state);
  zones.lookup("A");
  expect(asked.length).toBe(2);
});

test("a zone is learned again; the edition tells other offsets from the same", async () => {
  const { zones, asked } = book();
  zones.lookup("A");
  await asked[0]!.tell(SUMMER);
  const first = zones.lookup("A");
  await vi.advanceTimersByTimeAsync(LIMITS.relearnMs + 10);
  const state = zones.state;
  expect(zones.lookup("A")).toBe(first);
  await asked[1]!.tell(SUMMER);
  expect([zones.state, zones.lookup("A")]).toEqual([state, first]);
  await vi.advanceTimersByTimeAsync(LIMITS.relearnMs + 10);
  zones.lookup("A");
  await asked[2]!.tell([[-1000, 3600]]);
  expect(zones.state).not.toBe(state);
  expect(zones.lookup("A")?.edition).not.toBe(first?.edition);
  expect(zones.lookup("A")?.zone.offsetAt(5)).toBe(3600);
});

test("what cannot be learned again is not believed for ever", async () => {
  const { zones, asked } = book();
  zones.lookup("A");
  await asked[0]!.tell(SUMMER);
  await vi.advanceTimersByTimeAsync(LIMITS.relearnMs + 10);
  expect(zones.lookup("A")).toBeDefined();
  await asked[1]!.fail();
  expect(zones.lookup("A")).toBeDefined();
  await vi.advanceTimersByTimeAsync(LIMITS.expiryMs - LIMITS.relearnMs);
  expect(zones.lookup("A")).toBeUndefined();
});

test("another server version: everything is forgotten, answers of before too", async () => {
  const { zones, asked } = book();
  zones.sawServer("18.1");
  zones.lookup("A");
  await asked[0]!.tell(SUMMER);
  zones.lookup("B");
  const state = zones.state;
  zones.sawServer("18.1");
  expect(zones.state).toBe(state);
  zones.sawServer("18.2");
  expect(zones.state).not.toBe(state);
  await asked[1]!.tell(SUMMER);
  expect([zones.lookup("A"), zones.lookup("B"), asked.length]).toEqual([undefined, undefined, 2]);
  await vi.advanceTimersByTimeAsync(LIMITS.retryMs + 10);
  zones.lookup("A");
  await asked[2]!.tell(SUMMER);
  expect(zones.lookup("A")).toBeDefined();
});

test("a closed book asks nothing", async () => {
  const { zones, asked } = book();
  zones.lookup("A");
  zones.lookup("B");
  zones.close();
  await asked[0]!.fail();
  expect([zones.lookup("C"), asked.length]).toEqual([undefined, 1]);
});
