import { setImmediate as turn } from "node:timers/promises";
import { Deployment } from "./deployment.ts";
import { History, type Observation } from "./history-check.ts";
import { Random } from "./random.ts";
import type { OracleClient, OracleDialect, OracleServer, WireStatement } from "./dialect.ts";
import { explainLast } from "./explain-last.ts";
import type { StartProduct } from "./product.ts";
import type { Stats } from "./stats.ts";

/** Caches that are read while transfers run; each has a key per account group. */
const CACHES = {
  // Both tables in one answer: the total never changes, half a transfer would show.
  bank: `SELECT c.n, sum(a.amount) AS left_sum, sum(a.amount + b.amount) AS total
    FROM counter c JOIN checking a ON a.counter = c.id JOIN savings b ON b.id = a.id
    WHERE c.id = {0} GROUP BY c.n`,
  checking:
    "SELECT c.n, sum(a.amount) FROM counter c JOIN checking a ON a.counter = c.id WHERE c.id = {0} GROUP BY c.n",
  savings:
    "SELECT c.n, sum(a.amount) FROM counter c JOIN savings a ON a.counter = c.id WHERE c.id = {0} GROUP BY c.n",
  rows: "SELECT c.n, a.id, a.amount FROM checking a LEFT JOIN counter c ON a.counter = c.id WHERE a.counter = {0}",
  top: "SELECT id, amount FROM checking WHERE counter = {0} ORDER BY amount DESC, id LIMIT 3",
  untagged: "SELECT sum(amount), count(*), max(amount) FROM savings WHERE counter = {0}",
} as const;
export type CacheName = keyof typeof CACHES;

const NAMES = Object.keys(CACHES) as CacheName[];
const ACCOUNTS = 8;
const GROUPS = 2;
const START = 100;
const BULK = 3_000;

export interface HistoryOptions {
  readonly dialect: OracleDialect;
  readonly server: OracleServer;
  readonly seed: number;
  readonly limitMs: number;
  readonly stats: Stats;
  readonly product?: StartProduct;
}

/**
 * Transfers between two tables on several connections while others read through the proxy. Every
 * commit raises a counter and records all answers at it, so each read can be placed in history.
 */
export async function runHistory(options: HistoryOptions): Promise<string | null> {
  const { dialect, server, product } = options;
  const deployment = await Deployment.create(dialect, server, 64 << 20, product);
  try {
    return await new HistoryRun(deployment, options).run();
  } finally {
    await deployment.destroy();
  }
}

class HistoryRun {
  readonly #deployment: Deployment;
  readonly #options: HistoryOptions;
  readonly #history = new History();
  readonly #clients: OracleClient[] = [];
  /** Serialises commits, so that their order is known here. */
  #lock: Promise<void> = Promise.resolve();
  #deadline = 0;
  #proxyClients = 0;
  #problem: string | null = null;

  constructor(deployment: Deployment, options: HistoryOptions) {
    this.#deployment = deployment;
    this.#options = options;
  }

  async run(): Promise<string | null> {
    try {
      await this.#prepare();
      this.#deadline = performance.now() + this.#options.limitMs;
      const random = new Random(this.#options.seed);
      await Promise.all([
        this.#transfers(random.fork()),
        this.#transfers(random.fork()),
        this.#reads(random.fork(), "reader 1"),
        this.#reads(random.fork(), "reader 2"),
        this.#batches(random.fork()),
        this.#ownWrites(random.fork()),
      ]);
      const { stats } = this.#options;
      stats.historyCommits += this.#history.commits;
      return this.#problem ?? this.#history.check();
    } finally {
      for (const client of this.#clients) await client.close();
    }
  }

  get #dialect(): OracleDialect {
    return this.#options.dialect;
  }

  #text(template: string): string {
    return template.replace("{0}", this.#dialect.placeholder(1));
  }

  #statement(name: CacheName, group: number): WireStatement {
    const types = [this.#dialect.intType.sql];
    return { text: this.#text(CACHES[name]), params: [String(group)], types, name };
  }

  async #open(url: string): Promise<OracleClient> {
    const client = await this.#dialect.connect(url);
    this.#clients.push(client);
    return client;
  }

  /** Each at another address, as far as there are several. */
  #openProxy(): Promise<OracleClient> {
    const { proxyUrls } = this.#deployment;
    this.#proxyClients += 1;
    return this.#open(proxyUrls[this.#proxyClients % proxyUrls.length]!);
  }

  get #running(): boolean {
    return performance.now() < this.#deadline && this.#problem === null;
  }

  async #prepare(): Promise<void> {
    const upstream = await this.#open(this.#deployment.upstreamUrl);
    await upstream.run("CREATE TABLE counter (id int PRIMARY KEY, n int NOT NULL)");
    for (const name of ["checking", "savings"]) {
      await upstream.run(
        `CREATE TABLE ${name} (id int PRIMARY KEY, counter int, amount numeric(12,2) NOT NULL)`,
      );
      await upstream.run(
        `INSERT INTO ${name} VALUES ${rowsOf(ACCOUNTS, (id) => `${id}, ${(id % GROUPS) + 1}, ${START}`)}`,
      );
    }
    await upstream.run(`INSERT INTO counter VALUES ${rowsOf(GROUPS, (id) => `${id}, 0`)}`);
    // Something that takes the stream longer than a client's next statement.
    await upstream.run("CREATE TABLE bulk (id int PRIMARY KEY, n int NOT NULL)");
    await upstream.run(`INSERT INTO bulk VALUES ${rowsOf(BULK, (id) => `${id}, 0`)}`);
    await this.#deployment.start();
    const control = await this.#openProxy();
    await control.run(this.#text("CREATE CACHE bulk FROM SELECT sum(n) FROM bulk WHERE id > {0}"));
    for (const name of NAMES)
      await control.run(this.#text(`CREATE CACHE ${name} FROM ${CACHES[name]}`));
    await this.#record(upstream);
    // Everywhere: a batch that waits for an answer to be cached is not of one commit.
    for (const url of this.#deployment.proxyUrls) {
      const client = await this.#open(url);
      for (const name of NAMES) {
        for (let group = 1; group <= GROUPS; group += 1)
          await this.#read(client, [name], group, `first at ${url}`);
      }
    }
  }

  /** Under the lock: what every cache must answer at this commit. */
  async #record(upstream: OracleClient): Promise<void> {
    const answers = new Map<string, string>();
    for (const name of NAMES) {
      for (let group = 1; group <= GROUPS; group += 1) {
        const { rows, error } = await upstream.execute(this.#statement(name, group));
        if (error !== null) throw new Error(error.message);
        answers.set(`${name} ${group}`, answerOf(name, rows));
      }
    }
    this.#history.add(answers);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#lock;
    let release: () => void = () => undefined;
    this.#lock = new Promise((resolve) => (release = resolve));
    await before;
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #transfers(random: Random): Promise<void> {
    const upstream = await this.#open(this.#deployment.upstreamUrl);
    while (this.#running) {
      await this.#locked(async () => {
        for (const text of transfer(this.#dialect, random)) await upstream.run(text);
        await this.#record(upstream);
      });
    }
  }

  async #reads(random: Random, session: string): Promise<void> {
    const client = await this.#openProxy();
    while (this.#running) {
      await this.#read(client, [random.pick(NAMES)], random.between(1, GROUPS), session);
      await turn();
    }
  }

  /** Several caches under one Sync. */
  async #batches(random: Random): Promise<void> {
    const client = await this.#openProxy();
    const session = "batches";
    while (this.#running) {
      const names = random.sample(NAMES, 3);
      await this.#read(client, names, random.between(1, GROUPS), session);
      await turn();
    }
  }

  /** Writes through the proxy; what is read next must show it. */
  async #ownWrites(random: Random): Promise<void> {
    const client = await this.#openProxy();
    const upstream = await this.#open(this.#deployment.upstreamUrl);
    const session = "own writes";
    while (this.#running) {
      await this.#locked(async () => {
        const texts = transfer(this.#dialect, random);
        // The stream is busy with this when the next statement comes.
        const bulk = random.chance(0.3) ? ["UPDATE bulk SET n = n + 1"] : [];
        for (const text of texts.toSpliced(-1, 0, ...bulk)) await client.run(text);
        // Read before anything else takes time; the commit is recorded next.
        this.#history.raise(session, this.#history.newest + 1);
        await this.#read(client, [random.pick(NAMES)], random.between(1, GROUPS), session);
        await this.#record(upstream);
      });
      await turn();
    }
  }

  async #read(
    client: OracleClient,
    names: readonly CacheName[],
    group: number,
    session: string,
  ): Promise<void> {
    if (names.length > 1 && !this.#dialect.batchesAreOneCommit) {
      for (const name of names) await this.#read(client, [name], group, session);
      return;
    }
    const results = await client.batch(names.map((name) => this.#statement(name, group)));
    const failed = results.find(({ error }) => error !== null)?.error;
    if (failed) {
      this.#problem ??= `a read fails with ${failed.code} ${failed.message}`;
      return;
    }
    const { hit } = await explainLast(client);
    const { stats } = this.#options;
    stats.historyReads += names.length;
    if (hit) stats.historyHits += names.length;
    const answers = names.map((name, index): Observation => ({
      key: `${name} ${group}`,
      answer: answerOf(name, results[index]!.rows),
    }));
    this.#history.observe({ session, answers, cached: hit });
  }
}

function answerOf(name: CacheName, rows: readonly (readonly (string | null)[])[]): string {
  const texts = rows.map((row) => row.join(","));
  return (name === "top" ? texts : texts.toSorted()).join(" ");
}

/** One transaction that moves money between the tables; now and then an account moves groups. */
function transfer(dialect: OracleDialect, random: Random): readonly string[] {
  const from = random.between(1, ACCOUNTS);
  const amount = random.between(1, 30);
  const [giver, taker] = random.chance(0.5) ? ["checking", "savings"] : ["savings", "checking"];
  return [
    "BEGIN",
    "UPDATE counter SET n = n + 1",
    `UPDATE ${giver} SET amount = amount - ${amount} WHERE id = ${from}`,
    ...(random.chance(0.2) ? moved(random) : []),
    ...(random.chance(0.1) ? dialect.replacedSavings(from) : []),
    `UPDATE ${taker} SET amount = amount + ${amount} WHERE id = ${from}`,
    "COMMIT",
  ];
}

function moved(random: Random): readonly string[] {
  const id = random.between(1, ACCOUNTS);
  const group = random.between(1, GROUPS);
  return ["checking", "savings"].map(
    (table) => `UPDATE ${table} SET counter = ${group} WHERE id = ${id}`,
  );
}

function rowsOf(count: number, values: (id: number) => string): string {
  return Array.from({ length: count }, (_, index) => `(${values(index + 1)})`).join(", ");
}
