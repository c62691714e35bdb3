import type pg from "pg";
import { queryRows } from "./session.ts";

/** A relation as the catalogue tells it; what `TableSchema` and the refusals are made from. */
export interface TableDetail {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind, relpersistence, relreplident. */
  readonly kind: string;
  readonly persistence: string;
  readonly identity: string;
  readonly rowSecurity: boolean;
  readonly isPartition: boolean;
  readonly hasParents: boolean;
  readonly hasChildren: boolean;
  readonly owner: string;
  readonly readable: boolean;
  readonly hasRules: boolean;
  readonly estimatedRows: number;
  readonly fileNode: number;
  readonly columns: readonly ColumnDetail[];
  readonly indexes: readonly IndexDetail[];
  /** Partitions that hold rows; empty unless the relation is partitioned. */
  readonly leaves: readonly LeafDetail[];
  /** Privileges as text: a difference means that somebody's access changed. */
  readonly access: string;
}

export interface ColumnDetail {
  readonly num: number;
  readonly name: string;
  readonly type: number;
  readonly mod: number;
  readonly coll: number;
  readonly notnull: boolean;
  /** '' or s (stored) or v (virtual). */
  readonly gen: string;
}

export interface IndexDetail {
  readonly oid: number;
  readonly primary: boolean;
  readonly unique: boolean;
  readonly immediate: boolean;
  readonly valid: boolean;
  readonly identity: boolean;
  readonly partial: boolean;
  readonly expressions: boolean;
  /** Column numbers, key columns only. */
  readonly keys: readonly number[];
}

export interface LeafDetail {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly identity: string;
  readonly rowSecurity: boolean;
  readonly hasPrimaryKey: boolean;
  readonly fileNode: number;
}

const INDEXES = `(SELECT coalesce(json_agg(json_build_object('oid', i.indexrelid::bigint,
    'primary', i.indisprimary, 'unique', i.indisunique, 'immediate', i.indimmediate,
    'valid', i.indisvalid, 'identity', i.indisreplident, 'partial', i.indpred IS NOT NULL,
    'expressions', i.indexprs IS NOT NULL,
    'keys', (SELECT json_agg(k.num ORDER BY k.ord) FROM unnest(i.indkey::int2[])
       WITH ORDINALITY AS k(num, ord) WHERE k.ord <= i.indnkeyatts)) ORDER BY i.indexrelid), '[]')
  FROM pg_index i WHERE i.indrelid = c.oid)`;

const LEAVES = `(SELECT coalesce(json_agg(json_build_object('oid', l.oid::bigint, 'schema', ln.nspname,
    'name', l.relname, 'kind', l.relkind, 'persistence', l.relpersistence,
    'identity', l.relreplident, 'rowSecurity', l.relrowsecurity,
    'fileNode', l.relfilenode::bigint, 'hasPrimaryKey', EXISTS (SELECT FROM pg_index p
      WHERE p.indrelid = l.oid AND p.indisprimary AND p.indimmediate AND p.indisvalid))
    ORDER BY l.oid), '[]')
  FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
  JOIN pg_namespace ln ON ln.oid = l.relnamespace WHERE t.isleaf AND l.oid <> c.oid)`;

/** PG 18 marks a column not null while rows that are may remain (NOT VALID). */
const NOT_NULL_18 = `(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
    AND k.contype = 'n' AND NOT k.convalidated AND k.conkey = ARRAY[a.attnum]))`;

function detailQuery(versionNumber: number, filter: string): string {
  const notNull = versionNumber >= 180_000 ? NOT_NULL_18 : "a.attnotnull";
  return `SELECT json_build_object(
    'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
    'persistence', c.relpersistence, 'identity', c.relreplident,
    'rowSecurity', c.relrowsecurity, 'isPartition', c.relispartition,
    'hasParents', EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid),
    'hasChildren', EXISTS (SELECT FROM pg_inherits h WHERE h.inhparent = c.oid),
    'owner', pg_get_userbyid(c.relowner),
    'readable', has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
    'hasRules', c.relhasrules,
    'estimatedRows', CASE WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(greatest(q.reltuples, 0)), 0)
        FROM pg_partition_tree(c.oid) t JOIN pg_class q ON q.oid = t.relid WHERE t.isleaf)
      ELSE greatest(c.reltuples, 0) END,
    'fileNode', c.relfilenode::bigint,
    'columns', (SELECT coalesce(json_agg(json_build_object('num', a.attnum, 'name', a.attname,
        'type', a.atttypid::bigint, 'mod', a.atttypmod, 'coll', a.attcollation::bigint,
        'notnull', ${notNull}, 'gen', a.attgenerated) ORDER BY a.attnum), '[]')
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    'indexes', ${INDEXES},
    'leaves', CASE WHEN c.relkind = 'p' THEN ${LEAVES} ELSE '[]' END,
    'access', concat_ws('/', c.relacl::text, c.relowner::text, n.nspacl::text, n.nspowner::text,
      (SELECT string_agg(a.attnum || a.attacl::text, ',' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL))
  )::text AS detail
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${filter}`;
}

/** The relations with these oids; those that are gone are missing from the answer. */
export async function readTableDetails(
  client: pg.Client,
  versionNumber: number,
  oids: readonly number[],
): Promise<ReadonlyMap<number, TableDetail>> {
  if (oids.length === 0) return new Map();
  const text = detailQuery(versionNumber, "c.oid = ANY ($1::text[]::oid[])");
  return parse(await queryRows(client, text, [`{${oids.join(",")}}`]));
}

/** Every relation of the user's own schemas that a FROM clause can name. */
export async function readAllTableDetails(
  client: pg.Client,
  versionNumber: number,
): Promise<ReadonlyMap<number, TableDetail>> {
  const text = detailQuery(
    versionNumber,
    `c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
     AND n.nspname !~ '^pg_'`,
  );
  return parse(await queryRows(client, text));
}

function parse(rows: readonly Readonly<Record<string, string | null>>[]): Map<number, TableDetail> {
  const details = new Map<number, TableDetail>();
  for (const row of rows) {
    const detail = JSON.parse(row["detail"] ?? "null") as TableDetail;
    details.set(detail.oid, detail);
  }
  return details;
}
