import type pg from "pg";
import { queryRows } from "./session.ts";

/** A user's own function, operator or cast that the server may choose where we know a built-in. */
interface Overload {
  readonly kind: "function" | "operator" | "cast" | "implicit cast";
  readonly schema: string;
  /** Its name; of a cast the two type oids, `23>25`. */
  readonly name: string;
}

/**
 * Only what takes the types we compute with can compete with a built-in: scalars of pg_catalog,
 * domains over them, enums and "any" types. Extensions overload names for their own types only.
 */
const COMPETES = `(t.typtype IN ('d', 'e', 'p') OR t.oid IN (16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701,
  705, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1700, 2950))`;

/** No operator on texts competes with arithmetic on numbers. */
const ARITHMETIC = "('+', '-', '*', '/', '%')";

const QUERY = `
  SELECT 'function' AS kind, n.nspname AS schema, p.proname AS name FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.oid >= 16384 AND n.nspname <> 'pg_catalog'
      AND EXISTS (SELECT FROM pg_proc b WHERE b.proname = p.proname AND b.oid < 16384
        AND b.pronamespace = 'pg_catalog'::regnamespace)
      AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS a(oid) JOIN pg_type t ON t.oid = a.oid
        WHERE NOT ${COMPETES})
  UNION ALL
  SELECT 'operator', n.nspname, o.oprname FROM pg_operator o
    JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oid >= 16384 AND n.nspname <> 'pg_catalog'
      AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright) AND NOT ${COMPETES})
      AND NOT (o.oprname IN ${ARITHMETIC} AND 2 = (SELECT count(*) FROM (VALUES (o.oprleft), (o.oprright))
        AS a(oid) JOIN pg_type t ON t.oid = a.oid WHERE t.typcategory = 'S' AND t.typtype = 'b'))
  UNION ALL
  SELECT CASE WHEN c.castcontext = 'i' AND s.typtype = 'b' AND t.typtype = 'b' THEN 'implicit cast'
      ELSE 'cast' END, '', c.castsource || '>' || c.casttarget FROM pg_cast c
    JOIN pg_type s ON s.oid = c.castsource JOIN pg_type t ON t.oid = c.casttarget
    WHERE c.oid >= 16384 AND ${COMPETES.replaceAll("t.", "s.")} AND ${COMPETES}
  ORDER BY 1, 2, 3`;

/** The user's overloads of built-ins at one moment. */
export class Overloads {
  readonly #all: readonly Overload[];
  /** Plans made under another set may mean something else. */
  readonly fingerprint: string;

  constructor(all: readonly Overload[]) {
    this.#all = all;
    this.fingerprint = JSON.stringify(all);
  }

  /** Why a built-in's name may mean something else in these schemas, or null. */
  find(
    kind: "function" | "operator" | "cast",
    name: string,
    scope: readonly string[],
  ): string | null {
    for (const each of this.#all) {
      if (each.kind === "implicit cast") {
        return "user-defined implicit casts between built-in types change what operators mean";
      }
      if (each.kind !== kind || each.name !== name) continue;
      if (kind === "cast") return "a cast between these types is user-defined";
      if (scope.includes(each.schema)) {
        return `${kind} ${name} is also defined in schema ${each.schema}`;
      }
    }
    return null;
  }
}

export async function readOverloads(client: pg.Client): Promise<Overloads> {
  const rows = await queryRows(client, QUERY);
  return new Overloads(
    rows.map((row) => ({
      kind: row["kind"] as Overload["kind"],
      schema: row["schema"] ?? "",
      name: row["name"] ?? "",
    })),
  );
}
