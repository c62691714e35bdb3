import { difference, type Expected } from "./compare.ts";
import { Deployment } from "./deployment.ts";
import { type Query, rankedQuery, withLiterals, withPlaceholders } from "./query.ts";
import type {
  OracleClient,
  OracleDialect,
  OracleServer,
  WireColumn,
  WireResult,
} from "./dialect.ts";
import { explainLast } from "./explain-last.ts";
import type { StartProduct } from "./product.ts";
import { columnType } from "./schema.ts";
import type { Read, Script, Step } from "./script.ts";
import { SESSIONS, WRITERS } from "./script-generator.ts";
import type { Stats } from "./stats.ts";

/** A wrong answer, or a part that stopped working. */
export interface Mismatch {
  readonly step: number;
  readonly query: number | null;
  readonly reason: string;
  /** The statement as sent. */
  readonly text: string;
}

const ENOUGH_ROWS = 3_000;
const CREATE_ATTEMPTS = 5;
const STEP_LIMIT_MS = 30_000;

/** Runs a script on a database of its own; null when every answer was right. */
export async function runScript(
  dialect: OracleDialect,
  server: OracleServer,
  script: Script,
  stats: Stats,
  product?: StartProduct,
): Promise<Mismatch | null> {
  const { memoryLimitBytes } = script;
  const deployment = await Deployment.create(dialect, server, memoryLimitBytes, product);
  const runner = new ScriptRunner(deployment, script, stats);
  try {
    return await runner.run();
  } finally {
    await runner.close();
    await deployment.destroy();
  }
}

class ScriptRunner {
  readonly #deployment: Deployment;
  readonly #dialect: OracleDialect;
  readonly #script: Script;
  readonly #stats: Stats;
  readonly #writers: OracleClient[] = [];
  readonly #upstream: OracleClient[] = [];
  /** One of each session at each of the product's addresses. */
  #readers: OracleClient[][] = [];
  /** One at each of the product's addresses. */
  #controls: OracleClient[] = [];
  readonly #active = new Set<number>();
  readonly #background: Promise<void>[] = [];
  /** Something changed since everything was last known to be visible. */
  #dirty = true;
  #step = 0;
  #failure: Mismatch | null = null;

  constructor(deployment: Deployment, script: Script, stats: Stats) {
    this.#deployment = deployment;
    this.#dialect = deployment.dialect;
    this.#script = script;
    this.#stats = stats;
  }

  async run(): Promise<Mismatch | null> {
    try {
      await this.#prepare();
    } catch (error) {
      this.#fail(null, `setup broke: ${(error as Error).message}`, "");
      return this.#failure;
    }
    for (const [index, step] of this.#script.steps.entries()) {
      this.#step = index;
      try {
        await withinLimit(this.#perform(step), this.#deployment.diagnosis);
      } catch (error) {
        this.#fail(null, `step ${JSON.stringify(step)} broke: ${(error as Error).message}`, "");
      }
      if (this.#failure !== null) break;
    }
    if (this.#failure === null) await Promise.allSettled(this.#background);
    return this.#failure;
  }

  async close(): Promise<void> {
    await this.#disconnectProxy();
    for (const client of [...this.#writers, ...this.#upstream]) await client.close();
  }

  async #prepare(): Promise<void> {
    const { upstreamUrl } = this.#deployment;
    for (let index = 0; index < WRITERS; index += 1) {
      this.#writers.push(await this.#dialect.connect(upstreamUrl, this.#dialect.writerSettings));
    }
    const first = this.#writers[0]!;
    for (const text of this.#script.schema) await first.run(text);
    for (const text of this.#script.rows) await first.simple(text);
    for (let index = 0; index < SESSIONS; index += 1) {
      this.#upstream.push(
        await this.#dialect.connect(upstreamUrl, this.#dialect.readersSettings[index]),
      );
    }
    await this.#deployment.start();
    await this.#connectProxy();
  }

  async #connectProxy(): Promise<void> {
    const urls = this.#deployment.proxyUrls;
    for (const url of urls) this.#controls.push(await this.#dialect.connect(url));
    for (let index = 0; index < SESSIONS; index += 1) {
      const settings = this.#dialect.readersSettings[index];
      const session: OracleClient[] = [];
      for (const url of urls) session.push(await this.#dialect.connect(url, settings));
      this.#readers.push(session);
    }
  }

  async #disconnectProxy(): Promise<void> {
    for (const client of [...this.#readers.flat(), ...this.#controls]) await client.close();
    this.#readers = [];
    this.#controls = [];
  }

  /** One address after the other; the same when the script is run again. */
  #turn<T>(clients: readonly T[]): T {
    return clients[this.#step % clients.length]!;
  }

  #fail(query: number | null, reason: string, text: string): void {
    this.#failure ??= { step: this.#step, query, reason, text };
  }

  async #perform(step: Step): Promise<void> {
    switch (step.do) {
      case "sql":
        return this.#write(step);
      case "create": {
        if (!step.background) return this.#create(step.query, step.way, this.#turn(this.#controls));
        // Not on the connection that goes on: it may wait for transactions that are open here.
        const created = this.#createAside(step.query, step.way);
        this.#dirty = true;
        created.catch(() => undefined);
        this.#background.push(created);
        return;
      }
      case "drop":
        this.#active.delete(step.query);
        await this.#turn(this.#controls).simple(`DROP CACHE IF EXISTS q${step.query}`);
        return;
      case "touch":
        await this.#ask(this.#turn(this.#readers[step.session]!), step);
        return;
      case "settle":
        return this.#settle();
      case "check":
        return this.#check(step);
      case "restart":
        await Promise.all(this.#background.splice(0));
        await this.#disconnectProxy();
        await this.#deployment.restart();
        await this.#connectProxy();
        this.#dirty = true;
        this.#stats.restarts += 1;
        return;
    }
  }

  async #write(step: Extract<Step, { do: "sql" }>): Promise<void> {
    const [result] = await this.#writers[step.on]!.simple(step.text, step.copy ?? null);
    this.#stats.statements += 1;
    this.#dirty = true;
    if (/^(ALTER|CREATE)/.test(step.text)) this.#deployment.expectRebuild();
    if (result?.error) this.#stats.failedStatements += 1;
  }

  async #createAside(query: number, way: "placeholders" | "literals"): Promise<void> {
    const client = await this.#dialect.connect(this.#turn(this.#deployment.proxyUrls));
    try {
      await this.#create(query, way, client);
    } finally {
      await client.close();
    }
  }

  async #create(
    query: number,
    way: "placeholders" | "literals",
    client: OracleClient,
  ): Promise<void> {
    const definition = this.#script.queries[query]!;
    const stats = this.#stats;
    const args = definition.params.map(({ use }) => (use === "count" ? "2" : null));
    const literals = definition.params.map(({ type, use }, index) =>
      use === "count" ? args[index]! : columnType(this.#dialect, type).values[0]!,
    );
    const text =
      way === "literals"
        ? withLiterals(this.#dialect, definition, literals)
        : withPlaceholders(this.#dialect, definition, args).text;
    const probe = await this.#ask(this.#upstream[0]!, { query, args, way: "unnamed", session: 0 });
    if (probe.rows.length > ENOUGH_ROWS)
      return stats.count(stats.refusals, "(left out: too many rows)");
    let error: WireResult["error"] = null;
    for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt += 1) {
      const [result] = await client.simple(`CREATE CACHE q${query} FROM ${text}`);
      error = result?.error ?? null;
      // The definition may have changed between its parts; a person would try again.
      if (error === null || !this.#dialect.isPassing(error)) break;
      stats.count(stats.refusals, `(tried again: ${generalised(error.message)})`);
    }
    if (error === null) {
      this.#active.add(query);
      stats.created += 1;
    } else if (this.#dialect.isRefusal(error)) {
      stats.count(stats.refusals, generalised(error.message));
    } else {
      this.#fail(query, `CREATE CACHE fails with ${error.code} ${error.message}`, text);
    }
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#background.splice(0));
    const problem = await this.#deployment.settle(this.#active.size);
    if (problem !== null) this.#fail(null, problem, "");
    this.#dirty = false;
  }

  async #ask(
    client: OracleClient,
    read: Read,
    query = this.#script.queries[read.query]!,
  ): Promise<WireResult> {
    const dialect = this.#dialect;
    if (isLiteral(read)) return (await client.simple(this.#sent(read, query)))[0]!;
    const { text, params, types } = withPlaceholders(dialect, query, read.args);
    const name = read.way === "prepared" ? { name: text } : {};
    const typed = read.way === "strings" ? {} : { types };
    const statement = { text, params, binary: read.way === "binary", ...name, ...typed };
    const result = await client.execute(statement);
    // A changed definition breaks a kept plan once, directly and through the proxy alike.
    const stale = result.error !== null && dialect.isStalePlan(result.error);
    return stale ? client.execute(statement) : result;
  }

  /** The text with which a read is asked. */
  #sent(read: Read, query: Query): string {
    if (!isLiteral(read)) return withPlaceholders(this.#dialect, query, read.args).text;
    const text = withLiterals(this.#dialect, query, read.args);
    return read.way === "literal" ? text : this.#dialect.respelled(text);
  }

  async #check(read: Read): Promise<void> {
    const query = this.#script.queries[read.query]!;
    const reader = this.#turn(this.#readers[read.session]!);
    // Scripts that were made smaller may have lost their own settling.
    if (this.#dirty) await this.#settle();
    const expected = await this.#expected(read, query);
    const actual = await this.#ask(reader, read);
    const where = await explainLast(reader);
    const stats = this.#stats;
    stats.checks += 1;
    if (where.hit) {
      stats.hits += 1;
      stats.count(stats.ways, read.way);
    } else if (this.#active.has(read.query)) {
      stats.count(stats.forwards, `${where.reason} (${read.way})`);
    }
    const wrong = difference(actual, expected);
    if (wrong === null) return;
    const text = withLiterals(this.#dialect, query, read.args);
    this.#fail(
      read.query,
      `${wrong} [${where.hit ? "cached" : "forwarded"}, ${read.way}, session ${read.session}]`,
      text,
    );
  }

  async #expected(read: Read, query: Query): Promise<Expected> {
    const client = this.#upstream[read.session]!;
    const direct = await this.#ask(client, read);
    const way = read.way === "prepared" ? "unnamed" : read.way;
    const ranked = await this.#ask(client, { ...read, way }, rankedQuery(this.#dialect, query));
    const count = (text: string | null): number | null => {
      const written =
        text === null
          ? null
          : text.replace(/\{(\d+)\}/, (_, n: string) => read.args[Number(n)] ?? "");
      return written === null || written === "" ? null : Number(written);
    };
    return {
      direct,
      ranked,
      described: await this.#described(client, read, query),
      limit: count(query.limit),
      offset: count(query.offset) ?? 0,
      loosened: query.loose ? this.#dialect.loosened : null,
    };
  }

  /** With its values, which a plan may see through, and without. */
  async #described(client: OracleClient, read: Read, query: Query): Promise<Expected["described"]> {
    const bare = withPlaceholders(this.#dialect, query, read.args).text;
    const texts = new Set([this.#sent(read, query), bare]);
    const described: (readonly WireColumn[])[] = [];
    for (const text of texts) {
      const columns = await client.describe(text);
      if (columns !== null) described.push(columns);
    }
    return described;
  }
}

function isLiteral({ way }: Read): boolean {
  return way === "literal" || way === "respelled";
}

function generalised(message: string): string {
  return message.replaceAll(/\b(q|t|c)\d+\b|\$\d+|"[^"]*"/g, "…");
}

/** Nobody may hang: a step that takes this long is a finding. */
async function withinLimit(work: Promise<void>, diagnosis: () => string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`hung for ${STEP_LIMIT_MS} ms; ${diagnosis()}`)),
      STEP_LIMIT_MS,
    );
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
