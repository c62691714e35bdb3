import { EmbeddedMysql, type MysqlFlavour } from "@freshet/cli/embedded-mysql";
import { type TableSchema, mysqlTextCodec } from "@freshet/types";
import { type Logger, silentLogger, systemClock } from "@freshet/util";
import { type Connection, createConnection } from "mysql2/promise";
import { type CopiedTable, type Mirror, type Running, runUpstream } from "../testing.ts";
import { assemble as assembleWith } from "../testing.ts";
import type { StreamTransaction, Upstream } from "../contract.ts";
import { columnExpression } from "./copy-commands.ts";
import { qualified } from "./names.ts";
import { createMysqlUpstream } from "./upstream.ts";

export const FLAVOURS: readonly MysqlFlavour[] = ["mysql", "mariadb"];
export const TEST = JSON.stringify({ db: "test", modes: [] });

export interface TestServer {
  readonly server: EmbeddedMysql;
  readonly flavour: MysqlFlavour;
  readonly admin: Connection;
  connect(user?: string, password?: string): Promise<Connection>;
  stop(): Promise<void>;
}

export async function startServer(
  flavour: MysqlFlavour,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const server = await EmbeddedMysql.start({ flavour, settings });
  const clients: Connection[] = [];
  const connect = async (user?: string, password?: string): Promise<Connection> => {
    const uri = user === undefined ? server.url() : server.url("test", user, password);
    const client = await createConnection({ uri, multipleStatements: true });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };
  const admin = await connect();
  await admin.query("ALTER DATABASE test CHARACTER SET utf8mb4");
  const stop = async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
    await server.stop();
  };
  return { server, flavour, admin, connect, stop };
}

export function newUpstream(url: string, logger: Logger = silentLogger): Upstream {
  return createMysqlUpstream({ url, deployment: "test", logger, clock: systemClock });
}

export function startUpstream(
  url: string,
  options: { readonly stream?: boolean; readonly logger?: Logger; readonly scope?: string } = {},
): Promise<Running> {
  return runUpstream(newUpstream(url, options.logger), options.scope ?? TEST, options);
}

/** The table as the server prints it in canonical settings, in the form of `Mirror.lines`. */
export async function tableLines(
  client: Connection,
  schema: TableSchema,
): Promise<readonly string[]> {
  await client.query("SET time_zone = '+00:00'");
  const columns = schema.columns.map(columnExpression).join(", ");
  const [rows] = await client.query({
    sql: `SELECT ${columns} FROM ${qualified(schema)}`,
    rowsAsArray: true,
    typeCast: (field) => field.buffer(),
  });
  return (rows as unknown as (Buffer | null)[][])
    .map((row) =>
      row
        .map((cell, index) => {
          const { type } = schema.columns[index]!;
          if (cell === null) return "NULL";
          if (type.kind === "bytes") return JSON.stringify(`\\x${cell.toString("hex")}`);
          const value = mysqlTextCodec.parse(type, cell.toString());
          return JSON.stringify(value === null ? "" : mysqlTextCodec.print(type, value));
        })
        .join("|"),
    )
    .sort();
}

export function assemble(
  schema: TableSchema,
  copy: CopiedTable,
  transactions: readonly StreamTransaction[],
): Mirror {
  return assembleWith(schema, copy, transactions, mysqlTextCodec);
}
