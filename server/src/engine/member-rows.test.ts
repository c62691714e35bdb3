import { type Link, pairedLinks, type ToAdapter, type ToServer } from "@freshet/rpc";
import type { Member } from "@freshet/cluster";
import { expect, test } from "vitest";
import { Adapters } from "./adapters.ts";
import { ClientConnections } from "./client-connections.ts";
import { adapterRows, serverRows } from "./member-rows.ts";

const member = (kind: Member["kind"], name: string, ready = true): Member => ({
  kind,
  name,
  ready,
  region: "eu",
  version: "1.2.3",
  protocols: [1, 1],
  addresses: { postgres: `${name}:1`, mysql: `${name}:2` },
  adminAddress: `${name}:3`,
  startedMs: 1,
});
const view = {
  servers: [member("server", "s1"), member("server", "s2", false)],
  adapters: [member("adapter", "a1"), member("adapter", "a2")],
  leaders: ["s1"],
};

test("servers are those that the authority knows, this one with what it knows of itself", () => {
  const own = { name: "s1", dialect: "mysql", startedMs: 1, state: "serving" };
  expect(serverRows(view, { ...own, position: "p", lagBytes: 4 })).toMatchObject([
    { name: "s1", role: "leader", address: "s1:2", state: "serving", position: "p", lagBytes: 4 },
    { name: "s2", role: "standby", address: "s2:2", state: "not ready", position: null },
  ]);
  const [alone] = serverRows(null, { ...own, position: "p", lagBytes: null });
  expect(alone).toMatchObject({ name: "s1", role: "leader", state: "serving" });
});

test("an adapter's threads are one row; who is not linked is shown as such", () => {
  const adapters = new Adapters();
  const connections = new ClientConnections();
  const attach = (name: string, attachedMs: number) => {
    const [, link] = pairedLinks<ToServer, ToAdapter>() as [unknown, Link<ToAdapter, ToServer>];
    const nothing = () => undefined;
    const adapter = adapters.attach(link, name, attachedMs, nothing, nothing);
    connections.set(adapter, [{ client: "c", user: "u" }]);
  };
  attach("a1/adapter-1", 7);
  attach("a1/adapter-2", 5);
  attach("old/adapter-1", 9);
  expect(adapterRows(view, "postgres", adapters, connections)).toMatchObject([
    { name: "a1", address: "a1:1", clients: 2, connectedMs: 5, state: "ready" },
    { name: "a2", clients: 0, connectedMs: null, state: "ready, not connected to this server" },
    { name: "old", clients: 1, connectedMs: 9, state: "connected" },
  ]);
  expect(adapterRows(null, "postgres", adapters, connections).map(({ name }) => name)).toEqual([
    "a1/adapter-1",
    "a1/adapter-2",
    "old/adapter-1",
  ]);
});
