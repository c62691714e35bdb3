import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "@freshet/util";
import { StreamWatch } from "./stream-watch.ts";

let clock: ManualClock;
let watch: StreamWatch;
let events: string[];
let stop: AbortController;
let running: Promise<void>;

beforeEach(() => {
  clock = new ManualClock();
  events = [];
  stop = new AbortController();
  watch = new StreamWatch({
    clock,
    nudge: () => undefined,
    onSilent: () => events.push("silent"),
    onHeard: () => events.push("heard"),
    onDead: () => events.push("dead"),
  });
  running = watch.run(stop.signal);
});
afterEach(async () => {
  stop.abort();
  await running;
});

async function seconds(count: number, heard: boolean): Promise<void> {
  for (let second = 0; second < count; second += 1) {
    if (heard) watch.heard();
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a stream that answers is not silent; one that does not is, until it is heard again", async () => {
  await seconds(20, true);
  expect(events).toEqual([]);
  await seconds(10, false);
  expect(events).toEqual(["silent"]);
  await seconds(2, true);
  expect(events).toEqual(["silent", "heard"]);
});

test("a process that was busy for a moment goes on, one that was stopped catches up first", async () => {
  await seconds(3, true);
  clock.advance(5_000);
  await seconds(3, true);
  expect(events).toEqual([]);
  clock.advance(60_000);
  await seconds(3, true);
  expect(events).toEqual(["silent", "heard"]);
});
