import type { OracleServer } from "../dialect.ts";
import { RawClient } from "./raw-client.ts";

export async function createDatabase(server: OracleServer, name: string): Promise<void> {
  const admin = await RawClient.connect(server.url());
  await admin.run(`CREATE DATABASE ${name}`);
  await admin.close();
}

/** With the replication slots that were left in it. */
export async function dropDatabase(server: OracleServer, name: string): Promise<void> {
  const admin = await RawClient.connect(server.url());
  await admin.run(
    `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}' AND NOT active`,
  );
  await admin.simple(`DROP DATABASE ${name} WITH (FORCE)`);
  await admin.close();
}
