import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { type Row, type TableSchema, postgresTextCodec } from "@freshet/types";
import { silentLogger, systemClock } from "@freshet/util";
import pg from "pg";
import type { StreamTransaction } from "../contract.ts";
import {
  type CopiedTable,
  type Mirror,
  type Running,
  assemble as assembleWith,
  printRow as printRowWith,
  runUpstream,
} from "../testing.ts";
import { createPostgresUpstream } from "./upstream.ts";

export { Recorder, type Running, copyAll, until } from "../testing.ts";

export const PUBLIC = "{pg_catalog,public}";

export interface TestServer {
  readonly server: EmbeddedPostgres;
  readonly admin: pg.Client;
  connect(url?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function startServer(
  major: 13 | 14 | 15 | 16 | 17 | 18,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const server = await EmbeddedPostgres.start({ major, settings });
  const clients: pg.Client[] = [];
  const connect = async (url = server.url()): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: url,
      types: { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig,
    });
    client.on("error", () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  const admin = await connect();
  const stop = async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await server.stop();
  };
  return { server, admin, connect, stop };
}

export function startUpstream(
  url: string,
  deployment = "test",
  options: { readonly disableSetup?: boolean; readonly stream?: boolean } = {},
): Promise<Running> {
  const upstream = createPostgresUpstream({
    url,
    deployment,
    disableSetup: options.disableSetup ?? false,
    logger: silentLogger,
    clock: systemClock,
  });
  return runUpstream(upstream, PUBLIC, options);
}

export function printRow(schema: TableSchema, row: Row): string {
  return printRowWith(schema, row, postgresTextCodec);
}

/** The table as the server prints it in canonical settings, in the form of `Mirror.lines`. */
export async function tableLines(
  client: pg.Client,
  schema: TableSchema,
): Promise<readonly string[]> {
  await client.query(
    "SET DateStyle TO ISO; SET TimeZone TO UTC; SET IntervalStyle TO postgres; SET extra_float_digits TO 1",
  );
  const result = await client.query({
    text: `SELECT * FROM ${schema.schema}."${schema.name}"`,
    rowMode: "array",
  });
  const rows = result.rows as (string | null)[][];
  return rows
    .map((row) => row.map((text) => (text === null ? "NULL" : JSON.stringify(text))).join("|"))
    .sort();
}

export function assemble(
  schema: TableSchema,
  copy: CopiedTable,
  transactions: readonly StreamTransaction[],
): Mirror {
  return assembleWith(schema, copy, transactions, postgresTextCodec);
}
