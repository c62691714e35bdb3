import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Child } from "../tools/child.ts";
import type { Cleanup } from "../tools/cleanup.ts";
import { freePort } from "../tools/free-port.ts";
import { mysqlQuery } from "../../support/mysql-database.ts";
import { query } from "../tools/sql.ts";
import { waitFor } from "../tools/wait-for.ts";

const run = promisify(execFile);
/** In its log: it stopped answering from caches while it ran, or worse. */
const WORTH_SEEING =
  /"serving":false,"reason":"(?!connecting|closing|the server is not ready)|"level":"(?:warn|error|fatal)"/;
const MAIN = join(import.meta.dirname, "..", "..", "..", "packages", "cli", "src", "main.ts");

export interface FreshetSettings {
  readonly upstreamUrl: string;
  readonly adapterThreads: number;
  /** Names the slot; one for each instance that runs on this upstream. */
  readonly deployment: string;
  /** For Node itself, e.g. to profile. */
  readonly nodeArguments: readonly string[];
  readonly say: (line: string) => void;
}

/** How reads were answered between two looks at the counters. */
export interface Answers {
  readonly hits: number;
  readonly misses: number;
  readonly forwards: number;
  /** By the reason why. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** The product as its users run it: a process of its own in combined mode. */
export class Freshet {
  readonly port: number;
  readonly database: string;
  readonly #metricsPort: number;
  readonly #child: Child;
  readonly #settings: FreshetSettings;
  readonly #storageDir: string;
  readonly #say: (line: string) => void;
  #stopping: Promise<void> | null = null;

  private constructor(
    settings: FreshetSettings,
    ports: { readonly sql: number; readonly metrics: number },
    storageDir: string,
    child: Child,
  ) {
    this.#settings = settings;
    this.#say = settings.say;
    this.port = ports.sql;
    this.database = new URL(settings.upstreamUrl).pathname.slice(1);
    this.#metricsPort = ports.metrics;
    this.#storageDir = storageDir;
    this.#child = child;
  }

  static async start(cleanup: Cleanup, settings: FreshetSettings): Promise<Freshet> {
    const storageDir = await mkdtemp(join(tmpdir(), "freshet-bench-store-"));
    const [port, metricsPort] = [await freePort(), await freePort()];
    const options = {
      "upstream-db-url": settings.upstreamUrl,
      address: `127.0.0.1:${port}`,
      "metrics-address": `127.0.0.1:${metricsPort}`,
      "storage-dir": storageDir,
      "adapter-threads": String(settings.adapterThreads),
      deployment: settings.deployment,
      "drain-timeout": "1s",
      "log-format": "json",
    };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const child = new Child(process.execPath, [...settings.nodeArguments, MAIN, ...args], {
      tie: "channel",
    });
    const freshet = new Freshet(settings, { sql: port, metrics: metricsPort }, storageDir, child);
    cleanup.add(async () => {
      try {
        await freshet.stop();
      } finally {
        await rm(storageDir, { recursive: true, force: true });
      }
    });
    await waitFor("Freshet", 60_000, async () => {
      if (!child.running) throw new Error(`Freshet ended: ${child.output.slice(-4_000)}`);
      const ready = await fetch(`http://127.0.0.1:${metricsPort}/health/ready`);
      return ready.status === 200 && child.output.includes("following the database") ? true : null;
    });
    return freshet;
  }

  get url(): string {
    const url = new URL(this.#settings.upstreamUrl);
    url.port = String(this.port);
    url.search = "";
    return url.href;
  }

  get output(): string {
    return this.#child.output;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves when the cache answers: its tables are copied. Fails when it is refused. */
  async createCache(name: string, select: string): Promise<void> {
    try {
      const run = this.url.startsWith("mysql:") ? mysqlQuery : query;
      await run(this.url, `CREATE CACHE ${name} FROM ${select}`);
    } catch (error) {
      throw new Error(`cache ${name} was not made: ${this.output.slice(-2_000)}`, { cause: error });
    }
  }

  async answers(): Promise<Answers> {
    const text = await (await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`)).text();
    const sum = (name: string): number => {
      const lines = text.matchAll(new RegExp(`^freshet_${name}(?:\\{[^}]*\\})? (\\S+)`, "gm"));
      return [...lines].reduce((total, line) => total + Number(line[1]), 0);
    };
    return {
      hits: sum("hits_total"),
      misses: sum("misses_total"),
      forwards: sum("forwards_total"),
      reasons: new Map(
        [...text.matchAll(/^freshet_forwards_total\{reason="([^"]*)"\} (\S+)/gm)].map(
          ([, reason, count]) => [reason ?? "", Number(count)] as const,
        ),
      ),
    };
  }

  /** Ends it and removes its slot and publication. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    await this.#child.stop(10_000);
    for (const line of this.output.split("\n")) if (WORTH_SEEING.test(line)) this.#say(line);
    const args = [
      `--upstream-db-url=${this.#settings.upstreamUrl}`,
      `--storage-dir=${this.#storageDir}`,
      `--deployment=${this.#settings.deployment}`,
    ];
    await run(process.execPath, [MAIN, "--cleanup", ...args], { timeout: 30_000 });
  }
}

/** What happened between two looks, in words. */
export function describeAnswers(before: Answers, after: Answers): string {
  const hits = after.hits - before.hits;
  const misses = after.misses - before.misses;
  const forwards = after.forwards - before.forwards;
  const total = hits + misses + forwards;
  if (total === 0) return "nothing counted";
  const share = (name: string, count: number): string[] =>
    count === 0 ? [] : [`${((count / total) * 100).toFixed(count === total ? 0 : 1)} % ${name}`];
  const reasons = [...after.reasons]
    .filter(([reason, count]) => count > (before.reasons.get(reason) ?? 0))
    .map(([reason]) => reason);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  return [
    ...share("hits", hits),
    ...share("misses", misses),
    ...share(`forwarded${why}`, forwards),
  ].join(", ");
}
