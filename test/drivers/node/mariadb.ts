import mariadb, { type Connection, type FieldInfo, type Prepare } from "mariadb";
import { type ScriptClient, md5, runScript, say, shown, valueOf } from "./output.ts";

/** Carries out the script with the mariadb connector: mariadb.ts PORT SCRIPT DATA_FILE */

const FIELD_PARTS = ["collation", "columnLength", "columnType", "scale", "type", "flags"] as const;
const NAMES = ["db", "schema", "table", "orgTable", "name", "orgName"] as const;

class MariadbClient implements ScriptClient {
  readonly #connection: Connection;
  #prepared: Prepare | null = null;
  #insertId: unknown = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  #print(result: unknown): void {
    if (!Array.isArray(result)) {
      say("done", shown(result));
      this.#insertId = (result as { insertId?: unknown }).insertId;
      return;
    }
    const meta = (result as { meta?: FieldInfo[] }).meta;
    // Several results.
    if (meta === undefined || (result.length > 0 && !Array.isArray(result[0]))) {
      for (const part of result as unknown[]) this.#print(part);
      return;
    }
    for (const field of meta) {
      const parts = field as unknown as Record<string, unknown>;
      const names = NAMES.map((name) => {
        const read = parts[name];
        return typeof read === "function" ? (read as () => unknown).call(field) : read;
      });
      say("column", ...names.map(shown), ...FIELD_PARTS.map((part) => shown(parts[part])));
    }
    for (const row of result as unknown[]) {
      if (Array.isArray(row)) say("row", ...row.map(shown));
      else this.#print(row);
    }
  }

  async text(sql: string): Promise<void> {
    this.#print(await this.#connection.query({ sql, rowsAsArray: true, metaAsArray: false }));
  }

  async prepared(times: number, sql: string, values: readonly string[]): Promise<void> {
    for (; times > 0; times -= 1) {
      const options = { sql, rowsAsArray: true };
      this.#print(await this.#connection.execute(options, values.map(valueOf)));
    }
  }

  async prepare(sql: string): Promise<void> {
    this.#prepared = await this.#connection.prepare({ sql, rowsAsArray: true });
  }

  async run(values: readonly string[]): Promise<void> {
    this.#print(await this.#prepared!.execute(values.map(valueOf)));
  }

  unprepare(): Promise<void> {
    this.#prepared!.close();
    return Promise.resolve();
  }

  async stream(sql: string): Promise<void> {
    let count = 0;
    let all = "";
    for await (const row of this.#connection.queryStream({ sql, rowsAsArray: true })) {
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
    return this.#connection.reset();
  }

  insertId(): unknown {
    return this.#insertId;
  }

  async large(body: Buffer): Promise<void> {
    this.#print(await this.#connection.execute("INSERT INTO large VALUES (1, ?)", [body]));
  }

  load(sql: string): Promise<void> {
    return this.text(sql);
  }

  async countRows(sql: string): Promise<number> {
    const rows = await this.#connection.query<unknown>(sql);
    return Array.isArray(rows) ? rows.length : 0;
  }

  get threadId(): number {
    return Number(this.#connection.threadId);
  }

  end(): Promise<unknown> {
    return this.#connection.end();
  }
}

await runScript(async (database, option) => {
  const connection = await mariadb.createConnection({
    host: "127.0.0.1",
    port: Number(process.argv[2]),
    user: "root",
    password: "root",
    ...(database === "" ? {} : { database }),
    multipleStatements: option === "multi",
    permitLocalInfile: option === "local",
    allowPublicKeyRetrieval: true,
    dateStrings: true,
    bigIntAsNumber: false,
  });
  return new MariadbClient(connection);
});
