import { LinkRefused } from "./link-refused.ts";

export interface PeerIdentity {
  /** The product's version. */
  readonly product: string;
  readonly deployment: string;
  readonly member: string;
  readonly dialect: string;
  /** Names the database itself; an adapter must not answer from another one's caches. */
  readonly database: string;
  readonly region: string;
}

/** The other side of a link, once it has proven who it is. */
export interface Peer extends PeerIdentity {
  /** The protocol version both speak on this link. */
  readonly protocol: number;
  /** Its end of the connection, `host:port`. */
  readonly address: string;
}

/** Least and greatest protocol version. */
export type VersionRange = readonly [number, number];

export interface Introduction {
  readonly identity: PeerIdentity;
  readonly versions: VersionRange;
  /** The adapter: of the leader it wants. The server: the one it leads, null when it does not. */
  readonly term: number | null;
}

/** The greatest version both speak, or null. */
export function commonVersion(one: VersionRange, other: VersionRange): number | null {
  const version = Math.min(one[1], other[1]);
  return version >= Math.max(one[0], other[0]) ? version : null;
}

/**
 * The protocol version of a link between these two. Throws LinkRefused, with the same words on
 * both sides.
 */
export function agree(adapter: Introduction, server: Introduction): number {
  const [a, s] = [adapter.identity, server.identity];
  if (a.deployment !== s.deployment) {
    throw new LinkRefused(
      `server ${s.member} belongs to deployment ${s.deployment}, adapter ${a.member} to ${a.deployment} (--deployment)`,
    );
  }
  if (a.dialect !== s.dialect) {
    throw new LinkRefused(
      `server ${s.member} follows ${s.dialect} at this address, adapter ${a.member} serves ${a.dialect}`,
    );
  }
  if (a.database !== s.database) {
    throw new LinkRefused(
      `server ${s.member} follows ${s.database}, adapter ${a.member} forwards to ${a.database}: ` +
        `if both are one database, give both the same --upstream-name`,
    );
  }
  const protocol = commonVersion(adapter.versions, server.versions);
  if (protocol === null) {
    const older = adapter.versions[1] < server.versions[0] ? "adapter" : "server";
    throw new LinkRefused(
      `server ${s.member} (${s.product}) speaks protocol versions ${range(server.versions)}, ` +
        `adapter ${a.member} (${a.product}) ${range(adapter.versions)}: update the ${older}`,
    );
  }
  if (server.term === null) throw new LinkRefused(`server ${s.member} is not the leader`);
  if (server.term !== adapter.term) {
    throw new LinkRefused(
      `server ${s.member} leads term ${server.term}, adapter ${a.member} wants the leader of term ${adapter.term}`,
    );
  }
  return protocol;
}

function range([least, greatest]: VersionRange): string {
  return least === greatest ? `${least}` : `${least} to ${greatest}`;
}
