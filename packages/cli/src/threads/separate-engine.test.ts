import type { SharedDocument } from "@freshet/cluster";
import { Metrics } from "@freshet/telemetry";
import { silentLogger } from "@freshet/util";
import { expect, it } from "vitest";
import { DocumentPorts } from "./document-ports.ts";
import { SeparateEngine } from "./separate-engine.ts";

it("looks at its documents again when it begins to lead: only now it may mend them", async () => {
  const documents = new DocumentPorts(() => undefined);
  const engine = new SeparateEngine({
    data: {
      replica: "s1",
      ownerToken: 1,
      address: { host: "127.0.0.1", port: 0 },
      rpc: {
        identity: {
          product: "1",
          deployment: "d",
          member: "s1",
          dialect: "postgres",
          database: "",
          region: "",
        },
        security: { secret: null, tls: null },
        timeoutMs: 1_000,
      },
      backup: null,
    },
    documents,
    post: () => undefined,
    metrics: new Metrics(null),
    logger: silentLogger,
  });
  const seen: SharedDocument[] = [];
  documents.port("caches").onChange((document) => seen.push(document));
  // The authority lost it, and with it the lock under which this server led.
  const lost = { name: "caches", value: null, version: "" };
  documents.handle({ kind: "document", document: lost });
  engine.tell({ kind: "lead", term: null });
  expect(seen).toEqual([lost]);
  engine.tell({ kind: "lead", term: 8 });
  expect(seen).toEqual([lost, lost]);
  engine.tell({ kind: "lead", term: 8 });
  expect(seen).toHaveLength(2);
  await engine.close();
});
