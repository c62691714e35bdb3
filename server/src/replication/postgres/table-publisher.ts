import type { TableId, TableSchema } from "@freshet/types";
import type { Clock, Logger } from "@freshet/util";
import { type CatalogBasis, defineTable, readBasis } from "./catalog.ts";
import { waitForWriters } from "./lock-wait.ts";
import { type SetupNames, qualified } from "./names.ts";
import { lsnOfPosition, positionOfText } from "./position.ts";
import { publishTable, publishedTables, refreshPublication } from "./publication.ts";
import { type Session, queryRows } from "./session.ts";
import { type TableDetail, readTableDetails } from "./table-detail.ts";
import type { TrackedTables } from "./tracked-tables.ts";

export interface Refusal {
  readonly table: TableId;
  readonly refused: string;
}

/**
 * Makes tables part of the stream, so that when `publish` has returned, every transaction that a
 * snapshot taken from then on does not see is decoded with the tables published.
 *
 * 1. ADD TABLE. 2. Track: from here the stream delivers the tables' changes. 3. Wait for those
 * who were writing: they may be decoded as if nothing had been added. 4. Refresh what walsenders
 * remember, see `refreshPublication`. 5. Wait again: who wrote during 3 may have been decoded by 4.
 */
export async function publishTables(options: {
  readonly session: Session;
  readonly schemas: readonly TableSchema[];
  readonly tables: TrackedTables;
  readonly names: SetupNames;
  readonly clock: Clock;
  readonly logger: Logger;
  /** No stream is running: these tables were copied by an earlier process. */
  readonly adopting: boolean;
  readonly signal: AbortSignal;
}): Promise<readonly Refusal[]> {
  const { session, schemas, tables, names, clock, logger, adopting, signal } = options;
  const refusals: Refusal[] = [];
  const added: TableDetail[] = [];
  await session.run(async (client) => {
    const basis = await readBasis(client, names);
    const ids = schemas.map((schema) => schema.id);
    const lsn = await queryRows(client, "SELECT pg_current_wal_insert_lsn()::text AS lsn");
    const sinceLsn = lsnOfPosition(positionOfText(lsn[0]?.["lsn"] ?? "0/0"));
    const details = await readTableDetails(client, basis.server.versionNumber, ids);
    const published = await publishedTables(client, names);
    const refusalToPublish = async (detail: TableDetail) =>
      published.has(detail) ? published.refusal(detail) : publishTable(client, names, detail);
    for (const schema of schemas) {
      const detail = details.get(schema.id);
      const refused =
        definitionRefusal(schema, detail, basis) ??
        (detail === undefined ? "the table is gone" : await refusalToPublish(detail));
      if (refused !== null || detail === undefined) {
        refusals.push({ table: schema.id, refused: refused ?? "" });
        continue;
      }
      tables.add(schema, detail, sinceLsn, adopting);
      if (!published.has(detail)) added.push(detail);
    }
  });
  if (added.length === 0) return refusals;
  const relations = added.flatMap((detail) => [
    detail.oid,
    ...detail.leaves.map((leaf) => leaf.oid),
  ]);
  const onLongWait = (owners: readonly string[]) => {
    const message = "waiting for open transactions that wrote to a table before it can be copied";
    logger.warn({ tables: added.map(qualified), transactions: owners }, message);
  };
  const wait = () => waitForWriters({ session, relations, clock, signal, onLongWait });
  await wait();
  await session.run((client) => refreshPublication(client, names, added));
  await wait();
  return refusals;
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
