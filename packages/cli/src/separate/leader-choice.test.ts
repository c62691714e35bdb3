import type { Leader } from "@freshet/cluster";
import { ManualClock } from "@freshet/util";
import { expect, it, vi } from "vitest";
import { LeaderChoice } from "./leader-choice.ts";

function leader(region: string, term: number): Leader {
  return { name: `${region}-${term}`, region, term, addresses: { postgres: "127.0.0.1:1" } };
}

function changesOf(choice: LeaderChoice): (string | null)[] {
  const seen: (string | null)[] = [];
  choice.onChange((chosen) => seen.push(chosen?.name ?? null));
  return seen;
}

it("prefers its own region, falls back in order after a while, and returns at once", async () => {
  const clock = new ManualClock();
  const choice = new LeaderChoice(["here", "near", "far"], clock);
  const seen = changesOf(choice);
  choice.learn("far", leader("far", 1));
  choice.learn("near", leader("near", 2));
  choice.learn("here", leader("here", 3));
  choice.learn("near", null);
  choice.learn("here", null);
  expect(seen).toEqual(["far-1", "near-2", "here-3", null]);
  clock.advance(15_000);
  await vi.waitFor(() => expect(seen.at(-1)).toBe("far-1"));
  choice.learn("here", leader("here", 4));
  expect(seen.at(-1)).toBe("here-4");
});

it("uses no other region while its own changes leaders", async () => {
  const clock = new ManualClock();
  const choice = new LeaderChoice(["here", "far"], clock);
  choice.learn("far", leader("far", 1));
  choice.learn("here", leader("here", 2));
  const seen = changesOf(choice);
  choice.learn("here", null);
  clock.advance(14_000);
  choice.learn("here", leader("here", 3));
  clock.advance(14_000);
  await Promise.resolve();
  expect(seen).toEqual([null, "here-3"]);
});

it("tells a leader's next term, and no leader twice", () => {
  const choice = new LeaderChoice(["here"]);
  const seen = changesOf(choice);
  choice.learn("here", leader("here", 3));
  choice.learn("here", leader("here", 3));
  choice.learn("here", leader("here", 4));
  expect(seen).toEqual(["here-3", "here-4"]);
});

it("uses no region that it was not given", () => {
  const choice = new LeaderChoice(["here"]);
  choice.learn("elsewhere", leader("elsewhere", 1));
  expect(choice.leader).toBeNull();
});
