import { createReadStream } from "node:fs";
import mysql, { type Connection, type FieldPacket, type QueryOptions } from "mysql2/promise";
import { type ScriptClient, md5, runScript, say, shown, valueOf } from "./output.ts";

/** Carries out the script with mysql2: mysql2.ts PORT SCRIPT DATA_FILE */

const FIELD_PARTS = [
  ...["catalog", "schema", "table", "orgTable", "name", "orgName", "characterSet", "encoding"],
  ...["columnLength", "columnType", "flags", "decimals"],
] as const;

class Mysql2Client implements ScriptClient {
  readonly #connection: Connection;
  #prepared: mysql.PreparedStatementInfo | null = null;
  #insertId: unknown = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  #print(rows: unknown, fields: unknown): void {
    if (!Array.isArray(rows)) {
      say("done", shown(rows));
      this.#insertId = (rows as { insertId?: unknown }).insertId;
      return;
    }
    // Several results come as lists of results and of their columns.
    if (Array.isArray(fields) && (Array.isArray(fields[0]) || fields.includes(undefined))) {
      for (const [n, part] of rows.entries()) this.#print(part, (fields as unknown[])[n]);
      return;
    }
    for (const field of (fields ?? []) as FieldPacket[]) {
      const parts = field as unknown as Record<string, unknown>;
      say("column", ...FIELD_PARTS.map((part) => shown(parts[part])));
    }
    for (const row of rows as unknown[]) {
      say("row", ...(Array.isArray(row) ? row.map(shown) : [shown(row)]));
    }
  }

  async text(sql: string): Promise<void> {
    this.#print(...(await this.#connection.query(sql)));
  }

  async prepared(times: number, sql: string, values: readonly string[]): Promise<void> {
    for (; times > 0; times -= 1) {
      const bound = values.map(valueOf);
      this.#print(...(await this.#connection.execute(sql, bound)));
    }
    this.#connection.unprepare(sql);
  }

  async prepare(sql: string): Promise<void> {
    this.#prepared = await this.#connection.prepare(sql);
  }

  async run(values: readonly string[]): Promise<void> {
    const [rows, fields] = await this.#prepared!.execute(values.map(valueOf));
    this.#print(rows, fields);
  }

  unprepare(): Promise<void> {
    return this.#prepared!.close();
  }

  async stream(sql: string): Promise<void> {
    const raw = (this.#connection as unknown as { connection: mysql.Connection }).connection;
    const query = raw.query(sql) as unknown as { stream(): AsyncIterable<unknown> };
    let count = 0;
    let all = "";
    for await (const row of query.stream()) {
      count += 1;
      all += shown(row);
    }
    say("streamed", count, md5(all));
  }

  begin(): Promise<unknown> {
    return this.#connection.beginTransaction();
  }

  commit(): Promise<unknown> {
    return this.#connection.commit();
  }

  rollback(): Promise<unknown> {
    return this.#connection.rollback();
  }

  ping(): Promise<unknown> {
    return this.#connection.ping();
  }

  reset(): Promise<unknown> {
    return this.#connection.changeUser({ user: "root", password: "root", database: "drivers" });
  }

  insertId(): unknown {
    return this.#insertId;
  }

  async large(body: Buffer): Promise<void> {
    this.#print(...(await this.#connection.execute("INSERT INTO large VALUES (1, ?)", [body])));
  }

  async load(sql: string): Promise<void> {
    const options: QueryOptions = {
      sql,
      infileStreamFactory: (path) => createReadStream(path),
    };
    this.#print(...(await this.#connection.query(options)));
  }

  async countRows(sql: string): Promise<number> {
    const [rows] = await this.#connection.query(sql);
    return Array.isArray(rows) ? rows.length : 0;
  }

  get threadId(): number {
    return this.#connection.threadId;
  }

  end(): Promise<unknown> {
    return this.#connection.end();
  }
}

await runScript(async (database, option) => {
  const connection = await mysql.createConnection({
    host: "127.0.0.1",
    port: Number(process.argv[2]),
    user: "root",
    password: "root",
    ...(database === "" ? {} : { database }),
    multipleStatements: option === "multi",
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    rowsAsArray: true,
  });
  return new Mysql2Client(connection);
});
