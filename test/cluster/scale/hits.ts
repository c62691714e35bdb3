import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { cpuMicrosOf } from "../../bench/tools/cpu-time.ts";
import { fill, range } from "../../bench/tools/fill.ts";
import { pgbench, writeScript } from "../../bench/tools/pgbench.ts";
import { ask, execute } from "../ask.ts";
import { Site } from "../site.ts";

export interface HitsRow {
  readonly adapters: number;
  readonly hitsPerSecond: number;
  /** Of this machine's, while it ran. */
  readonly coresOfAdapters: number;
  readonly coresOfServer: number;
  readonly cores: number;
}

const KEYS = 1_000;
const CLIENTS = 4;
const SELECT = "SELECT name FROM scale_hit WHERE id = ";

/** Point reads that all adapters have in their caches, by a pgbench for each adapter. */
export async function measureHits(adapters: number, seconds: number): Promise<HitsRow> {
  const site = await Site.start({ dialects: ["postgres"], adapters, servers: 1 });
  const directory = await mkdtemp(join(tmpdir(), "freshet-scale-"));
  try {
    await execute(
      site.upstreamUrl("postgres"),
      "CREATE TABLE scale_hit (id int PRIMARY KEY, name varchar(40))",
      `INSERT INTO scale_hit SELECT n, 'name ' || n FROM generate_series(1, ${KEYS}) n`,
    );
    const urls = site.adapterUrls("postgres");
    await ask(urls[0]!, `CREATE CACHE scale_hit_of FROM ${SELECT}$1`);
    for (const url of urls) await fill(url, `${SELECT}$1`, range(1, KEYS));
    const text = `\\set id random(1, ${KEYS})\n${SELECT}:id;\n`;
    const script = await writeScript(directory, "hit", text);
    const { cluster } = site;
    const cpu = async (): Promise<readonly number[]> =>
      Promise.all(cluster.members.map(async ({ pid }) => (await cpuMicrosOf(pid)) ?? 0));
    const before = await cpu();
    const startedMs = performance.now();
    const results = await Promise.all(
      urls.map((url) =>
        pgbench({
          endpoint: { port: Number(new URL(url).port), database: "postgres" },
          ...{ script, mode: "prepared", clients: CLIENTS, seconds },
        }),
      ),
    );
    const wallMicros = (performance.now() - startedMs) * 1_000;
    const used = (await cpu()).map((micros, index) => (micros - before[index]!) / wallMicros);
    const coresOf = (kind: string): number =>
      cluster.members.reduce(
        (sum, { options }, index) => sum + (options.kind === kind ? used[index]! : 0),
        0,
      );
    return {
      adapters,
      hitsPerSecond: results.reduce((sum, each) => sum + each.transactionsPerSecond, 0),
      coresOfAdapters: coresOf("adapter"),
      coresOfServer: coresOf("server"),
      cores: availableParallelism(),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
    await site.stop();
  }
}
