import type { TableId } from "@freshet/types";
import { type Clock, type Logger, messageOf } from "@freshet/util";
import type pg from "pg";
import type { StreamHandler } from "../contract.ts";
import { eventTriggersWork } from "./event-triggers.ts";
import type { SetupNames } from "./names.ts";
import { publishingGap, readEvidence, tableEvidence } from "./publication-evidence.ts";
import { lsnOfPosition, positionOfText } from "./position.ts";
import type { SchemaChanges } from "./schema-changes.ts";
import { type Session, queryRows } from "./session.ts";
import type { TrackedTable, TrackedTables } from "./tracked-tables.ts";

const POLL_INTERVAL_MS = 1000;

/**
 * Roles and memberships of the whole cluster, of which no event trigger tells, and the schemas
 * that a search path may lead to.
 */
const ROLES = `SELECT md5(coalesce((SELECT string_agg(r.oid || r.rolname || r.rolsuper || r.rolinherit
    || r.rolbypassrls, ',' ORDER BY r.oid) FROM pg_roles r), '') || coalesce((SELECT string_agg(
    to_jsonb(m)::text, ',' ORDER BY m.roleid, m.member, m.grantor) FROM pg_auth_members m), '')
    || coalesce((SELECT string_agg(n.oid || n.nspname || coalesce(n.nspacl::text, ''), ',' ORDER BY n.oid)
      FROM pg_namespace n WHERE n.nspname !~ '^pg_(toast|temp)'), ''))
  AS roles, pg_current_wal_insert_lsn()::text AS lsn`;

/**
 * Polls the catalogue once a second, for what the stream does not tell: everything where event
 * triggers are not allowed, and what they cannot see (roles) where they are. With triggers a
 * difference counts only when the stream has passed the moment it was seen, because until then
 * its own event may still be on the way.
 */
export class SchemaWatcher {
  readonly #session: Session;
  readonly #changes: SchemaChanges;
  readonly #tables: TrackedTables;
  readonly #names: SetupNames;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #scopes: () => readonly (readonly string[])[];
  readonly #streamed: () => bigint;
  readonly #handler: StreamHandler;
  readonly #onUnpublished: () => void;
  /** Differences seen at this log position that wait for the stream to get there. */
  readonly #suspects = new Map<TableId, bigint>();
  readonly #accessSeen = new Map<TableId, string>();
  #roles: string | null = null;
  #relations: ReadonlyMap<string, number> = new Map();
  #namesSeen: ReadonlySet<string> = new Set();
  #triggersWork: boolean | null = null;

  constructor(options: {
    readonly session: Session;
    readonly changes: SchemaChanges;
    readonly tables: TrackedTables;
    readonly names: SetupNames;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly scopes: () => readonly (readonly string[])[];
    /** Everything before this log position has been delivered. */
    readonly streamed: () => bigint;
    readonly handler: StreamHandler;
    /** The publication does not exist: nothing is streamed any more. */
    readonly onUnpublished: () => void;
  }) {
    this.#session = options.session;
    this.#changes = options.changes;
    this.#tables = options.tables;
    this.#names = options.names;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#scopes = options.scopes;
    this.#streamed = options.streamed;
    this.#handler = options.handler;
    this.#onUnpublished = options.onUnpublished;
  }

  /** Runs until the signal aborts; an unreachable catalogue is tried again at the next turn. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#poll(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn({ error: messageOf(error) }, "cannot watch the upstream's catalogue");
      }
      await this.#clock.wait(POLL_INTERVAL_MS, signal);
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { lsn, roles, triggersWork } = await this.#session.run(async (client) => {
      const row = (await queryRows(client, ROLES))[0];
      return {
        lsn: lsnOfPosition(positionOfText(row?.["lsn"] ?? "0/0")),
        roles: row?.["roles"] ?? "",
        triggersWork: await eventTriggersWork(client, this.#names),
      };
    });
    if (signal.aborted) return;
    if (this.#roles !== null && this.#roles !== roles) this.#handler.accessChange();
    this.#roles = roles;
    if (this.#triggersWork !== null && this.#triggersWork !== triggersWork) {
      const how = triggersWork ? "by event triggers" : "only by polling once a second";
      this.#logger.warn({}, `schema changes are now noticed ${how}`);
    }
    this.#triggersWork = triggersWork;
    await this.#pollPublication(signal);
    if (this.#tables.size > 0) await this.#pollTables(lsn, triggersWork, signal);
  }

  /** What others do to the publication is not in the stream: it leaves out changes in silence. */
  async #pollPublication(signal: AbortSignal): Promise<void> {
    const before = this.#tables
      .all()
      .map((table) => ({ table, evidence: this.#tables.evidence(table.schema.id) }));
    const ids = this.#tables.ids();
    const { now, existing } = await this.#session.run(async (client) => ({
      now: await readEvidence(client, this.#names, ids),
      existing: await existingTables(client, ids),
    }));
    if (signal.aborted) return;
    for (const { table, evidence } of before) {
      const { id } = table.schema;
      // One that is being published changes with it; one that was dropped is the stream's to tell.
      if (evidence === null || !existing.has(id)) continue;
      if (this.#tables.get(id) !== table || this.#tables.evidence(id) !== evidence) continue;
      const gap = publishingGap(evidence, tableEvidence(now, id));
      if (gap === null) continue;
      this.#logger.warn(
        { table: `${table.schema.schema}.${table.schema.name}`, reason: gap },
        "the publication was changed by others; copying the table anew",
      );
      this.#tables.setEvidence(id, null);
      this.#changes.changed([id]);
    }
    if (now === null) this.#onUnpublished();
  }

  async #pollTables(lsn: bigint, triggersWork: boolean, signal: AbortSignal): Promise<void> {
    const tables = this.#tables.all();
    const current = await this.#changes.readCurrent();
    const shadowed = await this.#newRelations();
    if (signal.aborted) return;
    const changed: TableId[] = [...shadowed];
    let access = false;
    for (const table of tables) {
      const { id } = table.schema;
      if (this.#tables.get(id) !== table) continue;
      const detail = current.details.get(id);
      const seen = this.#accessSeen.get(id) ?? table.detail.access;
      if (detail !== undefined && detail.access !== seen) {
        access = true;
        this.#accessSeen.set(id, detail.access);
      }
      const differs =
        this.#changes.differs(table, current) || this.#changes.leavesDiffer(table, current);
      if (differs && !triggersWork) changed.push(id);
      if (this.#confirmed(table, differs, lsn)) {
        this.#suspects.delete(id);
        changed.push(id);
      }
    }
    this.#changes.changed(changed);
    if (access) this.#handler.accessChange();
  }

  /** True once a difference seen before is still there after the stream has passed that moment. */
  #confirmed(table: TrackedTable, suspect: boolean, lsn: bigint): boolean {
    const { id } = table.schema;
    if (!suspect) {
      this.#suspects.delete(id);
      return false;
    }
    const since = this.#suspects.get(id);
    if (since === undefined) {
      this.#suspects.set(id, lsn);
      return false;
    }
    return this.#streamed() >= since;
  }

  /** Relations with a tracked table's name that were not there at the last poll. */
  async #newRelations(): Promise<readonly TableId[]> {
    const names = new Set(this.#tables.all().map((table) => table.schema.name));
    const schemas = new Set(this.#scopes().flat());
    const rows = await this.#session.rows(
      `SELECT n.nspname AS schema, c.relname AS name, c.oid::text AS oid FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND c.relname = ANY (ARRAY(SELECT json_array_elements_text($1::json)))
       AND n.nspname = ANY (ARRAY(SELECT json_array_elements_text($2::json)))`,
      [JSON.stringify([...names]), JSON.stringify([...schemas])],
    );
    const before = this.#relations;
    const seen = this.#namesSeen;
    this.#relations = new Map(
      rows.map((row) => [`${row["schema"]}\0${row["name"]}`, Number(row["oid"])]),
    );
    this.#namesSeen = new Set([...schemas, ...names]);
    return [...this.#relations].flatMap(([key, oid]) => {
      const [schema = "", name = ""] = key.split("\0");
      // What we had not looked for at the last poll may have been there all the time.
      if (before.get(key) === oid || !seen.has(schema) || !seen.has(name)) return [];
      return this.#changes.shadowedBy(schema, name, oid);
    });
  }
}

async function existingTables(
  client: pg.Client,
  ids: readonly TableId[],
): Promise<ReadonlySet<TableId>> {
  const rows = await queryRows(
    client,
    "SELECT oid::text AS id FROM pg_class WHERE oid = ANY ($1::text[]::oid[])",
    [`{${ids.join(",")}}`],
  );
  return new Set(rows.map((row) => Number(row["id"])));
}
