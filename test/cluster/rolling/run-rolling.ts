import { Random } from "../../oracle/random.ts";
import { rollAll } from "../faults/fault-list.ts";
import { Load } from "../load/load.ts";
import { Tally } from "../load/tally.ts";
import { Site, type SiteOptions } from "../site.ts";
import { IdleClients } from "./idle-clients.ts";
import { pgbenchTool, sysbenchTool, type Tool, type ToolResult } from "./tools-load.ts";

export interface RollingOptions {
  readonly seed: number;
  /** At least one round, however long it takes. */
  readonly limitMs: number;
  /** pgbench and sysbench too. */
  readonly tools?: boolean;
  readonly site?: SiteOptions;
  readonly say: (line: string) => void;
}

/** After these a client connects again: the protocol's own word for a server that goes. */
const RECONNECT_KINDS = new Set(["57P01", "1053"]);

/**
 * Every process is ended in order and started again, one after the other and over again, under
 * load through the load balancer. Returns what violates a promise, in words.
 */
export async function runRolling(options: RollingOptions): Promise<readonly string[]> {
  const { seed, say } = options;
  say(`rolling: seed ${seed}`);
  const site = await Site.start({ haproxy: true, ...options.site });
  try {
    return await rolled(site, options);
  } finally {
    await site.stop();
  }
}

async function rolled(site: Site, options: RollingOptions): Promise<readonly string[]> {
  const { seed, limitMs, say, tools: withTools = true } = options;
  const random = new Random(seed);
  const load = new Load(site, { seed, readers: 2, writers: 2, pauseMs: 20 });
  await load.create();
  const tools = withTools ? await preparedTools(site) : [];
  const idleTally = new Tally();
  const urls = site.dialects.map((dialect) => site.url(dialect));
  const idle = new IdleClients(urls, 4, idleTally);
  load.start();
  const loops = tools.map((tool) => new ToolLoop(tool));
  const violations: string[] = [];
  const deadline = performance.now() + limitMs;
  let rounds = 0;
  try {
    do {
      const startedMs = performance.now();
      await rollAll(site, random);
      rounds += 1;
      say(`round ${rounds}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    } while (performance.now() < deadline);
  } catch (error) {
    violations.push(String(error));
  }
  await Promise.all([...loops.map((loop) => loop.stop()), idle.stop(), load.stop()]);
  await load.compare(
    site.dialects.map((dialect) =>
      site.cluster.adapters.map((adapter) => site.cluster.url(adapter, dialect)),
    ),
  );
  for (const { tool, result } of loops) {
    say(`${tool.name}: ${result.transactions} transactions; ${kindsText(result.failed)} failed`);
    if (result.transactions === 0) violations.push(`${tool.name} did nothing`);
    if (result.failed.size > 0) violations.push(`${tool.name}: ${kindsText(result.failed)}`);
  }
  say(`clients between transactions: ${idle.reconnects} connections ended`);
  violations.push(...reported("clients between transactions", idleTally, new Set(), say));
  for (const { who, what, kind } of idleTally.errors) say(`  ${who}: ${what}: ${kind}`);
  violations.push(...reported("clients that reconnect", load.tally, RECONNECT_KINDS, say));
  const { told, unknown, lost, twice } = await load.told();
  say(`rows told: ${told}, unknown: ${unknown}, lost: ${lost}, twice: ${twice}`);
  if (lost + twice > 0) violations.push(`${lost} rows lost, ${twice} applied twice`);
  return violations;
}

/** Says what clients saw, and returns what they should not have seen. */
function reported(
  who: string,
  tally: Tally,
  allowed: ReadonlySet<string>,
  say: (line: string) => void,
): readonly string[] {
  const kinds = tally.kinds();
  say(`${who}: ${tally.statements} statements, failed: ${kindsText(kinds)}`);
  const bad = new Map([...kinds].filter(([kind]) => !allowed.has(kind)));
  for (const what of [...tally.wrong, ...tally.hung].slice(0, 20)) say(`  ${what}`);
  const violations: string[] = [];
  if (bad.size > 0) violations.push(`${who}: failed statements: ${kindsText(bad)}`);
  if (tally.wrong.length > 0) violations.push(`${who}: ${tally.wrong.length} wrong answers`);
  if (tally.hung.length > 0) violations.push(`${who}: ${tally.hung.length} hung`);
  return violations;
}

async function preparedTools(site: Site): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  if (site.haproxy === null) return tools;
  const { haproxy } = site;
  if (site.postgres !== null) tools.push(pgbenchTool(haproxy.port("postgres"), 3));
  if (site.mysql !== null) tools.push(await sysbenchTool(haproxy.port("mysql"), 3));
  for (const tool of tools) await tool.prepare();
  return tools;
}

/** Runs a tool again and again until stopped; the last run comes to its end. */
class ToolLoop {
  readonly tool: Tool;
  readonly result: ToolResult = { transactions: 0, failed: new Map() };
  readonly #loop: Promise<void>;
  #stopped = false;

  constructor(tool: Tool) {
    this.tool = tool;
    this.#loop = this.#run();
  }

  async #run(): Promise<void> {
    do await this.tool.run(this.result);
    while (!this.#stopped);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
  }
}

function kindsText(kinds: ReadonlyMap<string, number>): string {
  return [...kinds].map(([kind, count]) => `${count} × ${kind}`).join(", ") || "none";
}
