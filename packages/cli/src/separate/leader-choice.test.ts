import type { Leader } from "@freshet/cluster";
import { expect, it } from "vitest";
import { LeaderChoice } from "./leader-choice.ts";

function leader(region: string, term: number): Leader {
  return { name: `${region}-${term}`, region, term, addresses: { postgres: "127.0.0.1:1" } };
}

function changesOf(choice: LeaderChoice): (string | null)[] {
  const seen: (string | null)[] = [];
  choice.onChange((chosen) => seen.push(chosen?.name ?? null));
  return seen;
}

it("prefers its own region, falls back in order and returns", () => {
  const choice = new LeaderChoice(["here", "near", "far"]);
  const seen = changesOf(choice);
  choice.learn("far", leader("far", 1));
  choice.learn("near", leader("near", 2));
  choice.learn("here", leader("here", 3));
  choice.learn("near", null);
  choice.learn("here", null);
  choice.learn("far", null);
  expect(seen).toEqual(["far-1", "near-2", "here-3", "far-1", null]);
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
