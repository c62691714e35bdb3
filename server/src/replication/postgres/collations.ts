import type { Collation } from "@freshet/types";
import type pg from "pg";
import type { CollationSource, ServerInfo } from "./server-info.ts";
import { queryRows } from "./session.ts";

/** The oid of `pg_catalog."default"`: whatever the database was created with. */
const DEFAULT_COLLATION_OID = 100;

export async function readCollations(
  client: pg.Client,
  server: ServerInfo,
): Promise<ReadonlyMap<number, Collation>> {
  const rows = await queryRows(
    client,
    "SELECT oid::text, collname, to_jsonb(c) AS source FROM pg_collation c",
  );
  const collations = new Map<number, Collation>();
  for (const row of rows) {
    const oid = Number(row["oid"]);
    const source = collationSource(JSON.parse(row["source"] ?? "{}") as Record<string, unknown>);
    const isDefault = oid === DEFAULT_COLLATION_OID || source.provider === "d";
    collations.set(oid, {
      name: row["collname"] ?? "",
      ...provenOrder(isDefault ? server.defaultCollation : source, server.encoding),
    });
  }
  return collations;
}

function collationSource(row: Record<string, unknown>): CollationSource {
  const provider = String(row["collprovider"] ?? "c");
  const locale =
    provider === "c" ? row["collcollate"] : (row["colllocale"] ?? row["colliculocale"] ?? "");
  return { provider, locale: String(locale), deterministic: row["collisdeterministic"] !== false };
}

/**
 * Deterministic collations break ties bytewise, so equal means equal bytes. The order is the
 * UTF-8 bytes' only where the server compares memory: C and POSIX, and the locales defined to
 * sort by code point.
 */
export function provenOrder(
  source: CollationSource,
  encoding: string,
): { readonly equality: "bytes" | "none"; readonly order: "bytes" | "none" } {
  const equality = source.deterministic ? "bytes" : "none";
  if (equality === "none" || encoding !== "UTF8") return { equality, order: "none" };
  switch (source.provider) {
    case "b":
      return { equality, order: "bytes" };
    case "c":
      return {
        equality,
        order: /^(C|POSIX|C\.(UTF-?8|utf-?8))$/.test(source.locale) ? "bytes" : "none",
      };
    default:
      return { equality, order: "none" };
  }
}
