import type { Member } from "@freshet/cluster";
import type { AdapterRows, ServerRows } from "../controller/show.ts";
import { PRODUCT_VERSION } from "../version.ts";
import type { Adapters, AttachedAdapter } from "./adapters.ts";
import type { ClientConnections } from "./client-connections.ts";
import type { MembersView } from "./engine-options.ts";

/** What this server knows of itself. */
export interface OwnFacts {
  readonly name: string;
  readonly dialect: string;
  readonly startedMs: number;
  /** "serving", or why not. */
  readonly state: string;
  readonly position: string | null;
  readonly lagBytes: number | null;
}

/** SHOW FRESHET SERVERS: those that the authority knows; alone, this one. */
export function serverRows(view: MembersView | null, own: OwnFacts): ServerRows {
  if (view === null) {
    const { name, state, startedMs, position, lagBytes } = own;
    const row = { region: "", role: "leader", version: PRODUCT_VERSION, address: "" } as const;
    return [{ ...row, name, state, startedMs, position, lagBytes }];
  }
  return view.servers.map((member) => {
    const isSelf = member.name === own.name;
    return {
      ...described(member, own.dialect),
      role: view.leaders.includes(member.name) ? ("leader" as const) : ("standby" as const),
      state: isSelf ? own.state : member.ready ? "ready" : "not ready",
      startedMs: member.startedMs,
      position: isSelf ? own.position : null,
      lagBytes: isSelf ? own.lagBytes : null,
    };
  });
}

/**
 * SHOW FRESHET ADAPTERS: one row for each that the authority knows, whose threads' links (named
 * `member/thread`) are counted together, and one for each link of nobody known.
 */
export function adapterRows(
  view: MembersView | null,
  dialect: string,
  adapters: Adapters,
  connections: ClientConnections,
): AdapterRows {
  const links = new Map<string, AttachedAdapter[]>();
  for (const adapter of adapters.all()) {
    const name = view === null ? adapter.name : memberOf(adapter.name);
    const list = links.get(name);
    if (list === undefined) links.set(name, [adapter]);
    else list.push(adapter);
  }
  const rows: AdapterRows[number][] = [];
  for (const member of view?.adapters ?? []) {
    const own = links.get(member.name) ?? [];
    links.delete(member.name);
    const ready = member.ready ? "ready" : "not ready";
    const state = own.length === 0 ? `${ready}, not connected to this server` : ready;
    rows.push({ ...described(member, dialect), ...counted(own, connections), state });
  }
  for (const [name, own] of links) {
    const row = { name, region: "", version: view === null ? PRODUCT_VERSION : "", address: "" };
    rows.push({ ...row, ...counted(own, connections), state: "connected" });
  }
  return rows;
}

function counted(links: readonly AttachedAdapter[], connections: ClientConnections) {
  const clients = links.reduce((sum, link) => sum + connections.count(link), 0);
  const connectedMs =
    links.length === 0 ? null : Math.min(...links.map(({ attachedMs }) => attachedMs));
  return { clients, connectedMs };
}

function described(member: Member, dialect: string) {
  const { name, region, version, addresses } = member;
  return { name, region, version, address: addresses[dialect] ?? "" };
}

function memberOf(link: string): string {
  const slash = link.lastIndexOf("/");
  return slash < 0 ? link : link.slice(0, slash);
}
