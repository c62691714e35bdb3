import type { TableId, TableSchema } from "@freshet/types";
import type { Clock, Logger } from "@freshet/util";
import type pg from "pg";
import { type CatalogBasis, defineTable, readBasis } from "./catalog.ts";
import { databaseError } from "./connection.ts";
import { waitForWriters } from "./lock-wait.ts";
import { type SetupNames, qualified } from "./names.ts";
import { lsnOfPosition, positionOfText } from "./position.ts";
import {
  type PublicationEvidence,
  type TableEvidence,
  evidenceGap,
  readEvidence,
  tableEvidence,
} from "./publication-evidence.ts";
import { publishTable, publishedTables, refreshPublication } from "./publication.ts";
import { type Session, queryRows } from "./session.ts";
import { type TableDetail, readTableDetails } from "./table-detail.ts";
import type { TrackedTables } from "./tracked-tables.ts";

export interface Refusal {
  readonly table: TableId;
  readonly refused: string;
}

export interface PublishOptions {
  readonly session: Session;
  readonly schemas: readonly TableSchema[];
  readonly tables: TrackedTables;
  readonly names: SetupNames;
  readonly clock: Clock;
  readonly logger: Logger;
  /** No stream is running. */
  readonly adopting: boolean;
  /** Of tables that were copied earlier: refused when not published all the time since. */
  readonly evidence: ReadonlyMap<TableId, unknown>;
  /** The publication is ours. */
  readonly mayAlter: boolean;
  readonly signal: AbortSignal;
}

/** Tables whose writers may be decoded as if the tables were not published. */
interface Uncertain {
  /** Added by us. */
  readonly added: TableDetail[];
  /** Named in the publication, by others or by an earlier process of ours. */
  readonly named: TableDetail[];
  /** Published with all tables or their schema. */
  readonly included: TableDetail[];
}

/**
 * Makes tables part of the stream, so that when `publish` has returned, every transaction that a
 * snapshot taken from then on does not see is decoded with the tables published.
 *
 * 1. ADD TABLE. 2. Track: from here the stream delivers the tables' changes. 3. Wait for those
 * who were writing: they may be decoded as if nothing had been added. 4. Refresh what walsenders
 * remember, see `refreshPublication`. 5. Wait again: who wrote during 3 may have been decoded by 4.
 * A table that we find published is the same to us unless we know that it was all the time.
 */
export async function publishTables(options: PublishOptions): Promise<readonly Refusal[]> {
  const { session, tables, clock, logger, signal } = options;
  const refusals: Refusal[] = [];
  const uncertain: Uncertain = { added: [], named: [], included: [] };
  const found = await session.run((client) => beginTables(client, options, refusals, uncertain));
  const all = [...uncertain.added, ...uncertain.named, ...uncertain.included];
  if (all.length === 0) return refusals;
  const relations = all.flatMap((detail) => [detail.oid, ...detail.leaves.map((leaf) => leaf.oid)]);
  const onLongWait = (owners: readonly string[]) => {
    const message = "waiting for open transactions that wrote to a table before it can be copied";
    logger.warn({ tables: all.map(qualified), transactions: owners }, message);
  };
  const wait = () => waitForWriters({ session, relations, clock, signal, onLongWait });
  await wait();
  const refreshed = await session.run((client) => refresh(client, options, uncertain));
  await wait();
  for (const { oid } of all)
    tables.setEvidence(oid, refreshed.get(oid) ?? tableEvidence(found, oid));
  return refusals;
}

/** Publishes and tracks; returns the evidence from before. */
async function beginTables(
  client: pg.Client,
  options: PublishOptions,
  refusals: Refusal[],
  uncertain: Uncertain,
): Promise<PublicationEvidence | null> {
  const { schemas, tables, names, adopting, evidence } = options;
  const basis = await readBasis(client, names);
  const ids = schemas.map((schema) => schema.id);
  const lsn = await queryRows(client, "SELECT pg_current_wal_insert_lsn()::text AS lsn");
  const sinceLsn = lsnOfPosition(positionOfText(lsn[0]?.["lsn"] ?? "0/0"));
  const details = await readTableDetails(client, basis.server.versionNumber, ids);
  // Before anything else is asked about the publication: what changes from here on shows later.
  const found = await readEvidence(client, names, ids);
  const published = await publishedTables(client, names);
  const publishingRefusal = async (detail: TableDetail) => {
    if (evidence.has(detail.oid)) {
      const before = (evidence.get(detail.oid) ?? null) as TableEvidence | null;
      const gap = evidenceGap(before, tableEvidence(found, detail.oid));
      if (gap !== null) return gap;
    }
    return published.has(detail) ? published.refusal(detail) : publishTable(client, names, detail);
  };
  for (const schema of schemas) {
    const detail = details.get(schema.id);
    const refused =
      definitionRefusal(schema, detail, basis) ??
      (detail === undefined ? "the table is gone" : await publishingRefusal(detail));
    if (refused !== null || detail === undefined) {
      // Of an earlier stream; whoever asked forgets it.
      if (evidence.has(schema.id)) tables.remove(schema.id);
      refusals.push({ table: schema.id, refused: refused ?? "" });
      continue;
    }
    const now = tableEvidence(found, schema.id);
    // A new partition's writers may be decoded as those of a table that is added.
    const isCertain =
      evidence.has(schema.id) ||
      (detail.leaves.length === 0 && evidenceGap(tables.evidence(schema.id), now) === null);
    tables.setEvidence(schema.id, isCertain ? now : null);
    tables.add(schema, detail, sinceLsn, adopting);
    if (isCertain) continue;
    if (!published.has(detail)) uncertain.added.push(detail);
    else if (published.names(detail)) uncertain.named.push(detail);
    else uncertain.included.push(detail);
  }
  return found;
}

async function refresh(
  client: pg.Client,
  options: PublishOptions,
  uncertain: Uncertain,
): Promise<ReadonlyMap<TableId, TableEvidence | null>> {
  const { names, mayAlter, logger } = options;
  const refreshed = new Map<TableId, TableEvidence | null>();
  const refreshAll = async (details: readonly TableDetail[]) => {
    if (details.length === 0) return;
    const evidence = await refreshPublication(client, names, details);
    for (const { oid } of details) refreshed.set(oid, tableEvidence(evidence, oid));
  };
  await refreshAll(uncertain.added);
  for (const detail of mayAlter ? uncertain.named : []) {
    try {
      await refreshAll([detail]);
    } catch (error) {
      const fields = databaseError(error);
      if (fields?.code !== "42501") throw error;
      logger.debug({ table: qualified(detail), reason: fields.message }, "published by others");
    }
  }
  return refreshed;
}

function definitionRefusal(
  schema: TableSchema,
  detail: TableDetail | undefined,
  basis: CatalogBasis,
): string | null {
  const name = qualified(schema);
  if (detail === undefined) return `${name} does not exist any more`;
  if (!detail.readable) {
    return `the upstream user may not read ${name} (fix: GRANT USAGE ON SCHEMA and SELECT ON ${name} to it)`;
  }
  const definition = defineTable(detail, basis);
  if ("refused" in definition) return definition.refused;
  const unique = new Set(definition.uniqueKeys.map((columns) => columns.join()));
  const less = schema.uniqueKeys.some((columns) => !unique.has(columns.join()));
  if (definition.generation !== schema.generation || less) {
    return `the definition of ${name} has changed since it was read`;
  }
  return null;
}
