import type { Store } from "@freshet/storage";
import { isRestored } from "../backup/restored.ts";
import { ConfigurationError } from "@freshet/util";
import type { UpstreamIdentity } from "../replication/contract.ts";

/** Whose changes the store holds. */
export interface Owner {
  readonly systemId: string;
  readonly database: string;
  readonly timeline: string;
  readonly slot: string;
}

const DOCUMENT = "owner";

export function readOwner(store: Store): Owner | null {
  return (store.readDocument(DOCUMENT) as Owner | null | undefined) ?? null;
}

export function writeOwner(store: Store, identity: UpstreamIdentity): void {
  const { systemId, database, timeline, slot } = identity;
  const owner: Owner = { systemId, database, timeline, slot };
  store.write((batch) => batch.putDocument(DOCUMENT, owner));
}

const TOKEN = "owner-token";

/**
 * Notes by which ownership of its name the server holds the storage. Throws a ConfigurationError
 * when a later owner has had it: this process is one that was taken for dead.
 */
export function claimStorage(store: Store, token: number | null, directory: string): void {
  if (token === null) return;
  // A backup's token is that of whoever made it.
  const last = isRestored(store) ? null : store.readDocument(TOKEN);
  if (typeof last === "number" && last > token) {
    throw new ConfigurationError(
      `The storage in ${directory} belongs to a later owner of this server's name: end this ` +
        "process, or remove the directory when the authority was set up anew.",
    );
  }
  if (last !== token) store.write((batch) => batch.putDocument(TOKEN, token));
}

/** A copy of a storage has no owner yet. */
export function disownStorage(store: Store): void {
  store.write((batch) => batch.deleteDocument(TOKEN));
}

interface Breakdown {
  readonly position: string;
  readonly count: number;
}

const BREAKDOWN = "breakdown";
const BREAKDOWNS_LIMIT = 3;

/** Applying what follows the store's position broke the engine, once more. */
export function noteBreakdown(store: Store): void {
  const position = store.position() ?? "";
  const earlier = store.readDocument(BREAKDOWN) as Breakdown | null | undefined;
  const count = earlier?.position === position ? earlier.count + 1 : 1;
  const breakdown: Breakdown = { position, count };
  store.write((batch) => batch.putDocument(BREAKDOWN, breakdown));
}

function breaksDown(store: Store): boolean {
  const breakdown = store.readDocument(BREAKDOWN) as Breakdown | null | undefined;
  return breakdown?.position === store.position() && breakdown.count >= BREAKDOWNS_LIMIT;
}

/**
 * Why the local copy cannot be continued from its position, or null. (That the machine went down
 * while the storage was open is the store's own concern: it opens empty then.)
 */
export function identityProblem(
  owner: Owner | null,
  identity: UpstreamIdentity,
  store: Store,
  compare: (left: string, right: string) => number,
): string | null {
  const position = store.position();
  if (owner === null || position === null || position === "") {
    return store.tables().length === 0 ? null : "the storage does not say where it stands";
  }
  if (owner.systemId !== identity.systemId) return "this is another database server";
  if (owner.database !== identity.database) return "this is another database";
  if (owner.timeline !== identity.timeline)
    return "the server changed its timeline (failover or restore)";
  if (owner.slot !== identity.slot) return "the replication slot is another one";
  if (identity.fresh) return "the replication slot had to be created again: changes may be missing";
  if (identity.resumePosition !== null && compare(identity.resumePosition, position) > 0) {
    return "the replication slot has moved past our position: changes are missing";
  }
  if (identity.logEnd !== null && compare(position, identity.logEnd) > 0) {
    return "the server's log ends before our position: it was put back to an earlier state";
  }
  if (breaksDown(store)) return "the changes after this position broke the engine repeatedly";
  return null;
}
