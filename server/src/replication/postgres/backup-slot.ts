import { type Logger, OperationalError, messageOf } from "@freshet/util";
import type pg from "pg";
import type { BackupLog, BackupLogState, HeldLog, RestoredCopy, ResumedCopy } from "../contract.ts";
import { type ConnectionOptions, databaseError, endQuietly, openConnection } from "./connection.ts";
import { type SetupNames, quoteName } from "./names.ts";
import { comparePositions, textOfPosition } from "./position.ts";
import {
  type PublicationEvidence,
  evidenceProblem,
  readEvidence,
  staleTables,
} from "./publication-evidence.ts";
import { type ReplicaMark, claimReplica } from "./replica-mark.ts";
import { readServerInfo } from "./server-info.ts";
import { type Session, queryRows } from "./session.ts";
import { identifySystem } from "./setup.ts";
import { type SlotState, copySlot, dropSlot, readSlot } from "./slot.ts";

interface Evidence extends PublicationEvidence {
  readonly systemId: string;
  readonly timeline: string;
}

/**
 * A second slot keeps the log from the newest whole backup's position on, because the first moves
 * with what is acknowledged. It begins as a copy of the first, before the first backup is taken,
 * and follows each backup that has become whole; older ones are for people only.
 */
export class BackupSlot implements BackupLog {
  readonly #connection: ConnectionOptions;
  readonly #session: Session;
  readonly #names: SetupNames;
  readonly #mark: ReplicaMark | null;
  readonly #logger: Logger;
  readonly #currentPosition: () => Promise<string>;

  constructor(options: {
    readonly connection: ConnectionOptions;
    readonly session: Session;
    readonly names: SetupNames;
    readonly mark: ReplicaMark | null;
    readonly logger: Logger;
    readonly currentPosition: () => Promise<string>;
  }) {
    this.#connection = options.connection;
    this.#session = options.session;
    this.#names = options.names;
    this.#mark = options.mark;
    this.#logger = options.logger;
    this.#currentPosition = options.currentPosition;
  }

  async hold(): Promise<HeldLog> {
    const { systemId, timeline } = await identifySystem(this.#connection);
    const { evidence, reach } = await this.#session.run(async (client) => {
      const slot = await this.#ensure(client);
      return { evidence: await readEvidence(client, this.#names), reach: slot.confirmedPosition };
    });
    if (evidence === null) throw new OperationalError("the publication does not exist");
    const complete: Evidence = { ...evidence, systemId, timeline };
    return { position: await this.#currentPosition(), reach, evidence: complete };
  }

  async #ensure(client: pg.Client): Promise<SlotState> {
    const { slot: main, backupSlot } = this.#names;
    const found = await readSlot(client, this.#names, backupSlot);
    if (found !== null && found.lost === null) return found;
    if (found !== null) await dropSlot(client, backupSlot);
    await copySlot(client, main, backupSlot);
    this.#logger.info({ slot: backupSlot }, "a slot keeps the log for backups");
    const made = await readSlot(client, this.#names, backupSlot);
    if (made === null) throw new OperationalError(`the slot ${backupSlot} is gone already`);
    return made;
  }

  /** Decodes what it passes, so it has a connection without a time limit. */
  async release(position: string): Promise<void> {
    const client = await openConnection(this.#connection, "admin");
    try {
      await queryRows(client, "SELECT pg_replication_slot_advance($1, $2::text::pg_lsn)::text", [
        this.#names.backupSlot,
        textOfPosition(position),
      ]);
    } catch (error) {
      throw said(error, `the slot ${this.#names.backupSlot} cannot be advanced`);
    } finally {
      await endQuietly(client);
    }
  }

  async state(): Promise<BackupLogState> {
    const { backupSlot } = this.#names;
    const slot = await this.#session.run((client) => readSlot(client, this.#names, backupSlot));
    if (slot === null) {
      return { lost: `the slot ${backupSlot} does not exist`, retainedBytes: null };
    }
    const lost = slot.lost === null ? null : `the slot ${backupSlot} is lost: ${slot.lost}`;
    return { lost, retainedBytes: slot.retainedBytes };
  }

  /** Only a server that is one of several makes backups: elsewhere the name may be another's. */
  async drop(): Promise<string | null> {
    if (this.#mark === null) return null;
    const { backupSlot } = this.#names;
    return this.#session.run(async (client) => {
      const slot = await readSlot(client, this.#names, backupSlot);
      if (slot === null || slot.active) return null;
      await dropSlot(client, backupSlot);
      return `the slot ${backupSlot} kept the log for backups, which are not made any more: dropped`;
    });
  }

  async resume(copy: RestoredCopy, signal: AbortSignal): Promise<ResumedCopy> {
    const before = copy.evidence as Evidence;
    const { systemId, timeline } = await identifySystem(this.#connection);
    const client = await openConnection(this.#connection, "admin");
    const stop = () => void endQuietly(client);
    signal.addEventListener("abort", stop, { once: true });
    try {
      const { database } = await readServerInfo(client);
      const here = { systemId, timeline, database, slot: this.#names.slot };
      const stranger = strangeness(copy.owner, before, here);
      if (stranger !== null) return { refused: stranger };
      const now = await readEvidence(client, this.#names);
      const problem = evidenceProblem(before, now);
      if (problem !== null || now === null) return { refused: problem ?? "" };
      if (this.#mark !== null) await claimReplica(client, this.#names, this.#mark);
      const refused = await this.#placeSlot(client, copy.position, database);
      if (refused !== null) return { refused };
      return { stale: staleTables(before, now, copy.tables) };
    } catch (error) {
      throw said(error, "the backup's log cannot be looked for");
    } finally {
      signal.removeEventListener("abort", stop);
      await endQuietly(client);
    }
  }

  /** Makes the server's own slot stand at or before the position; tells why it cannot. */
  async #placeSlot(client: pg.Client, position: string, database: string): Promise<string | null> {
    const { slot: name, backupSlot } = this.#names;
    const own = await readSlot(client, this.#names);
    if (own?.active === true) {
      throw new OperationalError(
        `the slot ${name} is in use by process ${own.activePid}: is another Freshet of this name running?`,
      );
    }
    if (own !== null && reaches(own, position, database)) return null;
    const kept = await readSlot(client, this.#names, backupSlot);
    if (kept === null) return `no slot keeps the log since then (${backupSlot} does not exist)`;
    if (kept.lost !== null) return `the slot ${backupSlot} is lost: ${kept.lost}`;
    if (!reaches(kept, position, database)) {
      return `the slot ${backupSlot} keeps the log only from ${kept.confirmedPosition} on, the backup stands at ${position}`;
    }
    if (own !== null) await dropSlot(client, name);
    try {
      await copySlot(client, backupSlot, name);
    } catch (error) {
      // Whatever the server has against it, time does not mend; but its own end it does.
      const fields = databaseError(error);
      if (fields === null || fields.code.startsWith("57P")) throw error;
      return `the slot ${name} cannot be made from ${backupSlot}: ${fields.message}`;
    }
    await this.#followFailover(name);
    return null;
  }

  /** A copied slot does not inherit it; versions before 17 do not have it. */
  async #followFailover(name: string): Promise<void> {
    const client = await openConnection(this.#connection, "replication");
    try {
      const rows = await queryRows(client, "SHOW server_version_num");
      if (Number(rows[0]?.["server_version_num"]) < 170_000) return;
      await client.query(`ALTER_REPLICATION_SLOT ${quoteName(name)} ( FAILOVER true )`);
    } catch (error) {
      this.#logger.warn({ slot: name, error: messageOf(error) }, "the slot will not fail over");
    } finally {
      await endQuietly(client);
    }
  }
}

function reaches(slot: SlotState, position: string, database: string): boolean {
  return (
    slot.lost === null &&
    slot.plugin === "pgoutput" &&
    slot.database === database &&
    slot.confirmedPosition !== null &&
    comparePositions(slot.confirmedPosition, position) <= 0
  );
}

function strangeness(
  owner: RestoredCopy["owner"],
  before: Evidence,
  here: RestoredCopy["owner"],
): string | null {
  if (owner.systemId !== here.systemId) return "it is of another database server";
  if (owner.database !== here.database) return "it is of another database";
  if (owner.timeline !== here.timeline) {
    return "the server changed its timeline (failover or restore)";
  }
  if (owner.slot !== here.slot) {
    return `it is of another server (${owner.slot}), whose slot and publication are not ours`;
  }
  if (before.systemId !== here.systemId || before.timeline !== here.timeline) {
    return "the database server changed while it was made";
  }
  return null;
}

function said(error: unknown, what: string): unknown {
  const fields = databaseError(error);
  if (fields === null) return error;
  return new OperationalError(`${what}: ${fields.message}`, { cause: error });
}
