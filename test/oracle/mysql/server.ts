import type { OracleServer } from "../dialect.ts";
import { RawClient } from "./raw-client.ts";

export async function createDatabase(server: OracleServer, name: string): Promise<void> {
  const admin = await RawClient.connect(server.url());
  await admin.run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await admin.close();
}

/** With the prepared transactions that were left: they would keep their tables locked. */
export async function dropDatabase(server: OracleServer, name: string): Promise<void> {
  const admin = await RawClient.connect(server.url(), { lock_wait_timeout: "20" });
  const prepared = await admin.run("XA RECOVER");
  for (const row of prepared.rows) await admin.simple(`XA ROLLBACK '${row.at(-1)}'`);
  await admin.run(`DROP DATABASE ${name}`);
  await admin.close();
}
