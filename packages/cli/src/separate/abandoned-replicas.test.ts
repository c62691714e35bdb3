import { type Clock, silentLogger, systemClock } from "@freshet/util";
import { expect, it } from "vitest";
import { AbandonedReplicas } from "./abandoned-replicas.ts";

function replicas(afterMs: number) {
  const time = { nowMs: 0 };
  const clock: Clock = { ...systemClock, monotonicMs: () => time.nowMs };
  const found = new AbandonedReplicas({ own: "s1", afterMs, clock, logger: silentLogger });
  const find = (upstream: readonly string[], known: readonly string[], database = "postgres") =>
    found.find(database, upstream, known);
  return { time, found, find };
}

it("finds who is away for long enough, never itself and nobody who is registered", () => {
  const { time, find } = replicas(60_000);
  expect(find(["s1", "s2", "s3"], ["s1", "s3"])).toEqual([]);
  time.nowMs = 59_999;
  expect(find(["s1", "s2", "s3"], ["s1", "s3"])).toEqual([]);
  time.nowMs = 60_000;
  expect(find(["s1", "s2", "s3"], ["s1", "s3"])).toEqual(["s2"]);
});

it("counts anew for one that came back, and after what it could not see", () => {
  const { time, found, find } = replicas(60_000);
  find(["s2", "s3"], ["s1"]);
  time.nowMs = 30_000;
  find(["s2", "s3"], ["s1", "s2"]);
  time.nowMs = 61_000;
  expect(find(["s2", "s3"], ["s1"])).toEqual(["s3"]);
  found.forget();
  expect(find(["s2", "s3"], ["s1"])).toEqual([]);
});

it("does not mix up the databases of one server", () => {
  const { time, find } = replicas(60_000);
  expect(find(["s1", "s2"], ["s1"], "postgres")).toEqual([]);
  // In MySQL nothing lies upstream.
  expect(find([], ["s1"], "mysql")).toEqual([]);
  time.nowMs = 60_000;
  expect(find(["s1", "s2"], ["s1"], "postgres")).toEqual(["s2"]);
});

it("believes no list of servers that this one is missing from", () => {
  const { time, find } = replicas(60_000);
  // Not known yet, or Consul's agent has lost its data.
  expect(find(["s1", "s2"], [])).toEqual([]);
  time.nowMs = 60_000;
  expect(find(["s1", "s2"], [])).toEqual([]);
  expect(find(["s1", "s2"], ["s1"])).toEqual([]);
  time.nowMs = 120_000;
  expect(find(["s1", "s2"], ["s1"])).toEqual(["s2"]);
});

it("abandons nobody when told so", () => {
  const { time, find } = replicas(0);
  find(["s2"], ["s1"]);
  time.nowMs = 1e9;
  expect(find(["s2"], ["s1"])).toEqual([]);
});
