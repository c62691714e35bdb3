import type { WireField } from "@freshet/pg-wire";
import type { ColumnDefinition } from "@freshet/rpc";
import type pg from "pg";
import type { StatementDescription } from "../contract.ts";
import { parseScope } from "./catalog.ts";
import { type RawConnection, rawConnection, toUpstreamError } from "./connection.ts";
import { quoteName } from "./names.ts";
import { queryRows } from "./session.ts";
import type { TypeCatalog } from "./type-catalog.ts";

interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

interface RawDescription {
  readonly fields: readonly Field[];
  readonly parameterTypeIds: readonly number[];
}

/** Parse, Describe, Sync of the unnamed statement: it is planned against the catalogue, never run. */
function describeRaw(client: pg.Client, text: string): Promise<RawDescription> {
  return new Promise((resolve, reject) => {
    const raw = rawConnection(client).connection;
    let fields: readonly Field[] = [];
    let parameterTypeIds: readonly number[] = [];
    let failure: unknown = null;
    const onParameters = (message: { readonly dataTypeIDs: readonly number[] }) => {
      parameterTypeIds = message.dataTypeIDs;
    };
    const finish = () => {
      raw.removeListener("parameterDescription", onParameters);
      if (failure === null) resolve({ fields, parameterTypeIds });
      else reject(failure as Error);
    };
    raw.on("parameterDescription", onParameters);
    const query = {
      submit(connection: RawConnection) {
        connection.parse({ name: "", text, types: [] });
        connection.describe({ type: "S", name: "" });
        connection.sync();
        return null;
      },
      handleRowDescription(message: { readonly fields: readonly Field[] }) {
        fields = message.fields;
      },
      handleError(error: unknown) {
        failure = error;
        // After an error of the statement the driver forgets the query before ReadyForQuery
        // arrives, so this is the last we hear.
        finish();
      },
      handleReadyForQuery: finish,
      handleCommandComplete: () => undefined,
      handleEmptyQuery: () => undefined,
    };
    client.query(query as unknown as pg.Submittable);
  });
}

/** Throws UpstreamError with the upstream's own SQLSTATE when it does not accept the text. */
export async function describeStatement(
  client: pg.Client,
  text: string,
  scopeIdentity: string,
  typesFor: (oids: readonly number[]) => Promise<TypeCatalog>,
): Promise<StatementDescription> {
  const schemas = parseScope(scopeIdentity).filter((schema) => !/^pg_(temp|toast)/.test(schema));
  await client.query(`SET search_path TO ${schemas.map(quoteName).join(", ") || "''"}`);
  let raw: RawDescription;
  try {
    raw = await describeRaw(client, text);
  } catch (error) {
    throw toUpstreamError(error);
  } finally {
    await client.query("SET search_path TO pg_catalog");
  }
  const types = await typesFor(raw.fields.map((field) => field.dataTypeID));
  const collations = await columnCollations(client, raw.fields);
  return {
    parameterTypeIds: raw.parameterTypeIds,
    columns: raw.fields.map((field): ColumnDefinition => ({
      name: field.name,
      type: types.sqlType(
        field.dataTypeID,
        field.dataTypeModifier,
        collations.get(`${field.tableID}.${field.columnID}`) ?? 0,
      ),
      wire: {
        tableId: field.tableID,
        columnNumber: field.columnID,
        typeId: field.dataTypeID,
        typeSize: field.dataTypeSize,
        typeModifier: field.dataTypeModifier,
      } satisfies WireField,
    })),
  };
}

async function columnCollations(
  client: pg.Client,
  fields: readonly Field[],
): Promise<ReadonlyMap<string, number>> {
  const tables = new Set(fields.map((field) => field.tableID).filter((oid) => oid !== 0));
  if (tables.size === 0) return new Map();
  const rows = await queryRows(
    client,
    `SELECT attrelid::text AS rel, attnum::text AS num, attcollation::text AS coll FROM pg_attribute
     WHERE attrelid = ANY ($1::text[]::oid[]) AND attcollation <> 0`,
    [`{${[...tables].join(",")}}`],
  );
  return new Map(rows.map((row) => [`${row["rel"]}.${row["num"]}`, Number(row["coll"])]));
}
