import { type Collation, type SqlType, postgresType } from "@freshet/types";
import type pg from "pg";
import { queryRows } from "./session.ts";

export interface TypeEntry {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  /** b base, c composite, d domain, e enum, p pseudo, r range, m multirange. */
  readonly kind: string;
  readonly baseType: number;
  readonly baseModifier: number;
  readonly labels: readonly string[] | null;
}

/** Text of these names other objects, so it changes without the row changing. */
const OBJECT_REFERENCES =
  /^reg(class|proc|procedure|oper|operator|type|role|namespace|config|dictionary|collation)$/;

/** All types of the database at one moment. */
export class TypeCatalog {
  readonly #byOid: ReadonlyMap<number, TypeEntry>;
  readonly #collations: ReadonlyMap<number, Collation>;
  /** Changes with any enum label anywhere: labels can hide inside arrays and composites. */
  readonly enumFingerprint: string;

  constructor(entries: readonly TypeEntry[], collations: ReadonlyMap<number, Collation>) {
    this.#byOid = new Map(entries.map((entry) => [entry.oid, entry]));
    this.#collations = collations;
    this.enumFingerprint = JSON.stringify(
      entries.filter((entry) => entry.labels !== null).map((entry) => [entry.oid, entry.labels]),
    );
  }

  has(oid: number): boolean {
    return this.#byOid.has(oid);
  }

  entry(oid: number): TypeEntry | undefined {
    return this.#byOid.get(oid);
  }

  /** Domains become their base type: that is what the wire says and what operators see. */
  sqlType(oid: number, modifier: number, collation = 0): SqlType {
    let entry = this.#byOid.get(oid);
    let resolved = { oid, modifier };
    while (entry?.kind === "d") {
      resolved = {
        oid: entry.baseType,
        modifier: resolved.modifier < 0 ? entry.baseModifier : resolved.modifier,
      };
      entry = this.#byOid.get(entry.baseType);
    }
    const type = postgresType(
      resolved.oid,
      resolved.modifier,
      entry?.name ?? `type ${resolved.oid}`,
    );
    if (entry?.kind === "e" && entry.labels !== null) {
      return { ...type, kind: "enum", enumLabels: entry.labels };
    }
    const known = collation === 0 ? undefined : this.#collations.get(collation);
    return known === undefined ? type : { ...type, collation: known };
  }

  isObjectReference(oid: number): boolean {
    const entry = this.#byOid.get(oid);
    if (entry === undefined) return false;
    if (entry.kind === "d") return this.isObjectReference(entry.baseType);
    return entry.schema === "pg_catalog" && OBJECT_REFERENCES.test(entry.name.replace(/^_/, ""));
  }

  /** User-defined types whose text may depend on labels or definitions we do not look into. */
  isUserDefined(oid: number): boolean {
    const entry = this.#byOid.get(oid);
    return entry !== undefined && entry.schema !== "pg_catalog";
  }

  resolve(
    path: readonly string[],
    modifiers: readonly number[],
    scope: readonly string[],
  ): SqlType | null {
    const name = path.at(-1);
    const schemas = path.length > 1 ? [path.at(-2)!] : scope;
    if (name === undefined || path.length > 2) return null;
    for (const schema of schemas) {
      for (const entry of this.#byOid.values()) {
        if (entry.name !== name || entry.schema !== schema) continue;
        // A cast to a domain checks its constraints; a pseudo-type is no value's type.
        if (entry.kind === "d" || entry.kind === "p") return null;
        const modifier = typeModifier(entry.name, modifiers);
        if (modifier === null) return null;
        const collation = COLLATABLE.has(entry.name) ? 100 : 0;
        return this.sqlType(entry.oid, modifier, collation);
      }
    }
    return null;
  }
}

const COLLATABLE: ReadonlySet<string> = new Set(["text", "varchar", "bpchar"]);

/** The `atttypmod` that a type's modifiers mean; null when we do not know the type's rule. */
function typeModifier(name: string, modifiers: readonly number[]): number | null {
  const [first, second] = modifiers;
  if (first === undefined) return -1;
  switch (name) {
    case "varchar":
    case "bpchar":
      return modifiers.length === 1 && first > 0 ? first + 4 : null;
    case "numeric":
      if (modifiers.length > 2 || first < 1 || first > 1000) return null;
      return (((first << 16) | ((second ?? 0) & 0x7ff)) >>> 0) + 4;
    case "time":
    case "timetz":
    case "timestamp":
    case "timestamptz":
      return modifiers.length === 1 && first >= 0 && first <= 6 ? first : null;
    case "bit":
    case "varbit":
      return modifiers.length === 1 && first > 0 ? first : null;
    default:
      return null;
  }
}

export async function readTypes(
  client: pg.Client,
  collations: ReadonlyMap<number, Collation>,
): Promise<TypeCatalog> {
  const rows = await queryRows(
    client,
    `SELECT t.oid::text AS oid, t.typname AS name, n.nspname AS schema, t.typtype AS kind,
       t.typbasetype::text AS base, t.typtypmod::text AS modifier,
       (SELECT json_agg(enumlabel ORDER BY enumsortorder) FROM pg_enum e
         WHERE e.enumtypid = t.oid)::text AS labels
     FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype <> 'c' OR EXISTS (
       SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
     ORDER BY t.oid`,
  );
  const entries = rows.map((row): TypeEntry => ({
    oid: Number(row["oid"]),
    name: row["name"] ?? "",
    schema: row["schema"] ?? "",
    kind: row["kind"] ?? "b",
    baseType: Number(row["base"]),
    baseModifier: Number(row["modifier"]),
    labels: row["labels"] === null ? null : (JSON.parse(row["labels"] ?? "[]") as string[]),
  }));
  return new TypeCatalog(entries, collations);
}
