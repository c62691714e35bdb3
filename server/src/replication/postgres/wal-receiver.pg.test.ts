import { systemClock } from "@freshet/util";
import { expect, it, onTestFinished } from "vitest";
import { openConnection } from "./connection.ts";
import { startServer, until } from "./testing.ts";
import { WalReceiver } from "./wal-receiver.ts";

it("does not end before its consumer has done what it was given", async () => {
  const pg = await startServer(18);
  onTestFinished(() => pg.stop());
  await pg.admin.query("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t");
  await pg.admin.query("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
  let given = 0;
  const { promise, resolve: finish } = Promise.withResolvers<void>();
  const receiver = new WalReceiver({
    client: await openConnection({ url: pg.server.url() }, "replication"),
    consumer: {
      keepalive: () => undefined,
      message: () => {
        given += 1;
        return promise;
      },
    },
    clock: systemClock,
    acknowledged: () => 0n,
  });
  const stopping = new AbortController();
  let ended = false;
  const running = receiver
    .run(
      "START_REPLICATION SLOT s LOGICAL 0/0 (proto_version '1', publication_names 'p')",
      stopping.signal,
    )
    .finally(() => (ended = true));
  await pg.admin.query("INSERT INTO t VALUES (1)");
  await until("a message has come", () => given === 1);
  stopping.abort();
  // An answer takes longer than an end that waits for nobody.
  await pg.admin.query("SELECT");
  expect(ended).toBe(false);
  finish();
  await running;
  expect(given).toBe(1);
});
