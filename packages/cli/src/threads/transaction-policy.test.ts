import { type CacheDefinition, type ToAdapter, type ToServer, pairedLinks } from "@freshet/rpc";
import { expect, it, vi } from "vitest";
import { type TransactionPolicy, withTransactionPolicy } from "./transaction-policy.ts";

function cache(id: number, inTransaction: TransactionPolicy): CacheDefinition {
  return {
    ...{ id, inTransaction, name: `c${id}`, queryId: "q", query: "", shape: "", scope: "" },
    ...{ slots: [], params: [], columns: [], maintenance: "incremental" },
  };
}

it.each([
  ["until-write", ["until-write", "always", "never"]],
  ["never", ["never", "always", "never"]],
  ["always", ["always", "always", "never"]],
] as const)("caches that say nothing follow %s", async (policy, expected) => {
  const [adapter, server] = pairedLinks<ToServer, ToAdapter>();
  const received: TransactionPolicy[] = [];
  withTransactionPolicy(adapter, policy).onMessage((message) => {
    if (message.kind === "welcome") received.push(...message.caches.map((c) => c.inTransaction));
    if (message.kind === "cache-added") received.push(message.cache.inTransaction);
  });
  const caches = [cache(1, "until-write"), cache(2, "always")];
  server.send({ kind: "welcome", version: 1, caches, serving: true, position: "" });
  server.send({ kind: "cache-added", cache: cache(3, "never") });
  await vi.waitFor(() => expect(received).toEqual(expected));
});
