import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { EmbeddedPostgres } from "@freshet/cli/embedded-postgres";
import { type Logger, silentLogger } from "@freshet/util";
import { connect } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { startFreshet } from "../support/freshet.ts";

/**
 * How much sooner a server is ready that starts on an empty disk from a backup than one that copies
 * the tables. By hand: `node test/bench/backup.ts [--rows 10000000] [--rounds 2] [--major 18]`. It
 * measures from the start of the engine until a cache on the table answers, in turns.
 */
const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "10000000" },
    rounds: { type: "string", default: "2" },
    major: { type: "string", default: "18" },
  },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const CACHED = "SELECT n, v FROM big WHERE id = $1";

interface Measured {
  readonly seconds: number;
  readonly copied: boolean;
}

const directory = await mkdtemp(join(tmpdir(), "freshet-bench-"));
const backups = join(directory, "backups");
const server = await EmbeddedPostgres.start({ major: Number(values.major) as 18 });
try {
  const direct = await connect(server.url());
  await direct.query("CREATE TABLE big (id int PRIMARY KEY, n int NOT NULL, v text NOT NULL)");
  await direct.query(
    `INSERT INTO big SELECT i, i % 1000, 'row ' || i FROM generate_series(1, ${rows}) i`,
  );
  await direct.query("VACUUM ANALYZE big");
  await direct.end();
  await makeBackup();
  const copying: number[] = [];
  const restoring: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    copying.push((await measure("copies", false)).seconds);
    const restored = await measure("backup", true);
    if (restored.copied) throw new Error("the tables were copied although there is a backup");
    restoring.push(restored.seconds);
  }
  const mean = (list: readonly number[]) => list.reduce((sum, each) => sum + each, 0) / list.length;
  const factor = mean(copying) / mean(restoring);
  say(`${rows} rows: ${mean(copying).toFixed(1)} s by copying, ${mean(restoring).toFixed(1)} s`);
  say(`from a backup: ${factor.toFixed(1)} times sooner`);
} finally {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
}

async function makeBackup(): Promise<void> {
  const freshet = await startFreshet({
    ...base("backup"),
    storageDir: join(directory, "first"),
    engine: { replica: "s1", backup: backup() },
  });
  const proxied = await eventually(() => connect(freshet.url()));
  await proxied.query(`CREATE CACHE big FROM ${CACHED}`);
  await proxied.end();
  await eventually(() => {
    const made = freshet.engine.status().backup?.made ?? 0;
    return made > 0 ? Promise.resolve() : Promise.reject(new Error("no backup yet"));
  }, 600_000);
  const status = freshet.engine.status();
  const { lastSeconds = 0, lastBytes = 0 } = status.backup ?? {};
  const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
  say(
    `backup: ${lastSeconds.toFixed(1)} s, ${megabytes(lastBytes)} of ${megabytes(status.storageBytes)}`,
  );
  await freshet.stop();
}

/** The definition is there in both cases: only the rows have to come. */
async function measure(name: string, fromBackup: boolean): Promise<Measured> {
  const replica = fromBackup ? "s1" : "s2";
  const storageDir = join(directory, name);
  await rm(storageDir, { recursive: true, force: true });
  const startedMs = performance.now();
  let copied = false;
  const freshet = await startFreshet({
    ...base("backup"),
    storageDir,
    logger: {
      ...silentLogger,
      info: (_fields, message) => {
        if (message === "table copied") copied = true;
      },
    } satisfies Logger,
    engine: { replica, backup: fromBackup ? backup() : null },
  });
  const proxied = await eventually(() => connect(freshet.url()));
  if (!fromBackup) await proxied.query(`CREATE CACHE big FROM ${CACHED}`);
  await eventually(async () => {
    await proxied.query(CACHED, [rows]);
    const { rows: said } = await proxied.query("EXPLAIN LAST STATEMENT");
    if (!JSON.stringify(said).includes("freshet")) throw new Error("not from the cache yet");
  }, 600_000);
  const seconds = (performance.now() - startedMs) / 1000;
  say(`${name}: ready after ${seconds.toFixed(1)} s`);
  await proxied.end();
  await freshet.stop();
  return { seconds, copied };
}

function base(deployment: string) {
  return { upstreamUrl: server.url(), deployment, memoryLimitBytes: 512 << 20 };
}

function backup() {
  return { location: pathToFileURL(backups).href, intervalMs: 3_600_000, keep: 2 };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
