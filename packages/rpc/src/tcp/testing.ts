import { type Logger, silentLogger, systemClock } from "@freshet/util";
import type { ToAdapter, ToServer } from "../messages.ts";
import { type DialOptions, dialTcp } from "./dial.ts";
import type { PeerIdentity } from "./identity.ts";
import { type ListenOptions, type TcpListener, listenTcp } from "./listen.ts";
import type { TcpSecurity } from "./security.ts";
import type { TcpLink } from "./tcp-link.ts";

/** For tests: real sockets on the loopback interface. */
export const OPEN: TcpSecurity = { secret: null, tls: null };

export function identity(member: string, changes: Partial<PeerIdentity> = {}): PeerIdentity {
  return {
    product: "0.1.0",
    deployment: "shop",
    member,
    dialect: "postgres",
    database: "db:5432/shop",
    region: "eu",
    ...changes,
  };
}

export type ServerTcpLink = TcpLink<ToAdapter, ToServer>;
export type AdapterTcpLink = TcpLink<ToServer, ToAdapter>;

export interface TestListener {
  readonly listener: TcpListener;
  readonly address: string;
  /** Links accepted so far, in order. */
  readonly accepted: ServerTcpLink[];
  readonly warnings: string[];
}

export async function listen(changes: Partial<ListenOptions> = {}): Promise<TestListener> {
  const accepted: ServerTcpLink[] = [];
  const { logger, warnings } = remembering();
  const listener = await listenTcp({
    address: { host: "127.0.0.1", port: 0 },
    identity: identity("s1"),
    security: OPEN,
    timeoutMs: 3_000,
    logger,
    clock: systemClock,
    leading: () => 7,
    accept: (link) => accepted.push(link),
    ...changes,
  });
  return { listener, address: `127.0.0.1:${listener.address.port}`, accepted, warnings };
}

export function dial(address: string, changes: Partial<DialOptions> = {}): Promise<AdapterTcpLink> {
  return dialTcp({
    address,
    identity: identity("a1"),
    security: OPEN,
    timeoutMs: 3_000,
    term: 7,
    logger: silentLogger,
    clock: systemClock,
    signal: new AbortController().signal,
    ...changes,
  });
}

export function remembering(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const warn = (fields: object) => {
    if ("reason" in fields) warnings.push(String(fields.reason));
  };
  return { logger: { ...silentLogger, warn }, warnings };
}
