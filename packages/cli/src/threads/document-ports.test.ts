import { expect, it } from "vitest";
import { DocumentPorts } from "./document-ports.ts";
import type { FromEngine } from "./messages.ts";

it("takes no answer for its own that an earlier engine thread had asked for", async () => {
  const asked: FromEngine[] = [];
  const earlier = new DocumentPorts((message) => asked.push(message));
  void earlier.port("caches").write({ of: "the earlier one" }, "1");
  // That thread ended; the authority's answer comes when the next one has asked too.
  const ports = new DocumentPorts((message) => asked.push(message));
  const writing = ports.port("caches").write({ of: "this one" }, "1");
  const [before, now] = asked.map((message) => ("request" in message ? message.request : 0));
  for (const [request, kind] of [
    [before, "written"],
    [now, "conflict"],
  ] as const) {
    const result = kind === "written" ? { kind, version: "2" } : { kind };
    ports.handle({ kind: "document-written", request: request ?? 0, reply: { result } });
  }
  expect(await writing).toEqual({ kind: "conflict" });
});
