import { type Clock, silentLogger, systemClock } from "@freshet/util";
import { expect, it } from "vitest";
import { AbandonedReplicas } from "./abandoned-replicas.ts";

function replicas(afterMs: number) {
  const time = { nowMs: 0 };
  const clock: Clock = { ...systemClock, monotonicMs: () => time.nowMs };
  return {
    time,
    found: new AbandonedReplicas({ own: "s1", afterMs, clock, logger: silentLogger }),
  };
}

it("finds who is away for long enough, never itself and nobody who is registered", () => {
  const { time, found } = replicas(60_000);
  expect(found.find(["s1", "s2", "s3"], ["s3"])).toEqual([]);
  time.nowMs = 59_999;
  expect(found.find(["s1", "s2", "s3"], ["s3"])).toEqual([]);
  time.nowMs = 60_000;
  expect(found.find(["s1", "s2", "s3"], ["s3"])).toEqual(["s2"]);
});

it("counts anew for one that came back, and after what it could not see", () => {
  const { time, found } = replicas(60_000);
  found.find(["s2", "s3"], []);
  time.nowMs = 30_000;
  found.find(["s2", "s3"], ["s2"]);
  time.nowMs = 61_000;
  expect(found.find(["s2", "s3"], [])).toEqual(["s3"]);
  found.forget();
  expect(found.find(["s2", "s3"], [])).toEqual([]);
});

it("abandons nobody when told so", () => {
  const { time, found } = replicas(0);
  found.find(["s2"], []);
  time.nowMs = 1e9;
  expect(found.find(["s2"], [])).toEqual([]);
});
