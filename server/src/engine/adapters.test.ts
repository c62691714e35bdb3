import { expect, test } from "vitest";
import { type ServerLink, type ToAdapter, type ToServer, pairedLinks } from "@freshet/rpc";
import { Adapters, type PublishedEntry } from "./adapters.ts";

type Publication = Extract<ToAdapter, { readonly kind: "publish" }>;

function attach(adapters: Adapters, name: string) {
  const [, link] = pairedLinks<ToServer, ToAdapter>();
  const sent: Publication[] = [];
  const remembering: ServerLink = Object.assign(link, {
    send: (message: ToAdapter) => {
      if (message.kind === "publish") sent.push(message);
    },
  });
  const adapter = adapters.attach(
    remembering,
    name,
    0,
    () => undefined,
    () => undefined,
  );
  return { adapter, sent };
}

const entry = (key: string): PublishedEntry => ({ cache: 1, key, rows: null });

test("adapters that hold the same entries are given one array, others their own", () => {
  const adapters = new Adapters();
  const [one, other, third, none] = ["a", "b", "c", "d"].map((name) => attach(adapters, name));
  const entries = ["1", "2", "3", "4"].map(entry);
  for (const { key } of entries) {
    adapters.subscribe(1, key, one!.adapter);
    adapters.subscribe(1, key, other!.adapter);
    // As many, and the same first and last.
    if (key !== "2") adapters.subscribe(1, key, third!.adapter);
  }
  adapters.publish("0/1", 5, entries);
  expect(one!.sent).toEqual([{ kind: "publish", position: "0/1", commitTimeMs: 5, entries }]);
  expect(other!.sent[0]?.entries).toBe(one!.sent[0]?.entries);
  expect(third!.sent[0]?.entries.map(({ key }) => key)).toEqual(["1", "3", "4"]);
  expect(none!.sent).toEqual([]);

  adapters.unsubscribe(1, "3", other!.adapter);
  adapters.unsubscribe(1, "2", one!.adapter);
  adapters.publish("0/2", 6, entries);
  const keys = [one, other, third].map((each) => each!.sent[1]?.entries.map(({ key }) => key));
  expect(keys).toEqual([
    ["1", "3", "4"],
    ["1", "2", "4"],
    ["1", "3", "4"],
  ]);
  expect(third!.sent[1]?.entries).toBe(one!.sent[1]?.entries);
});
