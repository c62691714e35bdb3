import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { OracleDialect, OracleServer } from "./dialect.ts";
import { plantLostDeletes } from "./planted.ts";
import { withLiterals, withPlaceholders } from "./query.ts";
import { runHistory } from "./history.ts";
import { Random } from "./random.ts";
import type { StartProduct } from "./product.ts";
import { type Mismatch, runScript } from "./runner.ts";
import type { Script, Step } from "./script.ts";
import { generateScript, type ScriptSize } from "./script-generator.ts";
import { shrink, transcript } from "./shrink.ts";
import { Stats } from "./stats.ts";

export interface OracleOptions {
  readonly dialect: OracleDialect;
  readonly server: OracleServer;
  readonly seed: number;
  readonly limitMs: number;
  /** The product is broken on purpose: the run must find it. */
  readonly planted?: boolean;
  /** Goes on after a failure, which is then not made smaller. */
  readonly keepGoing?: boolean;
  readonly shrinkLimitMs?: number;
  readonly historyMs?: number;
  readonly size?: ScriptSize;
  /** In this process when left out. */
  readonly product?: StartProduct;
  readonly say: (line: string) => void;
}

export interface Finding {
  readonly script: Script;
  readonly mismatch: Mismatch;
}

/** After every so many scripts, reads during writes are checked against history. */
const HISTORY_EVERY = 8;
const HISTORY_MS = 5_000;
const SIZE: ScriptSize = { queries: 10, rounds: 5, transactions: 8, checks: 3 };

/** Where what was found is saved. */
export function casesOf({ name }: OracleDialect): string {
  return join(import.meta.dirname, "cases", name);
}

/** Runs random scripts until the time is up or an answer was wrong. */
export async function runOracle(options: OracleOptions): Promise<readonly Finding[]> {
  const { dialect, server, seed, limitMs, say, planted = false } = options;
  const deadline = performance.now() + limitMs;
  const seeds = new Random(seed);
  const stats = new Stats();
  const findings: Finding[] = [];
  const restore = planted ? plantLostDeletes() : (): void => undefined;
  say(`oracle: seed ${seed}`);
  try {
    while (performance.now() < deadline) {
      // The first script's seed is the run's own, so that a reported seed can be run alone.
      const own = stats.scripts === 0 ? seed : seeds.below(2 ** 31);
      const script = generateScript(dialect, own, options.size ?? SIZE);
      const mismatch = await runScript(dialect, server, script, stats, options.product);
      stats.scripts += 1;
      if (mismatch === null) {
        if (planted || stats.scripts % HISTORY_EVERY !== 1) continue;
        const problem = await runHistory({
          dialect,
          server,
          seed: own,
          limitMs: options.historyMs ?? HISTORY_MS,
          stats,
          ...(options.product === undefined ? {} : { product: options.product }),
        });
        if (problem === null) continue;
        say(`seed ${own}, history: ${problem}`);
        findings.push({ script, mismatch: { step: -1, query: null, reason: problem, text: "" } });
        if (options.keepGoing === true) continue;
        break;
      }
      say(`seed ${own}, step ${mismatch.step}: ${mismatch.reason}\n  ${mismatch.text}`);
      const finding = { script, mismatch };
      findings.push(options.keepGoing === true ? finding : await smaller(finding, options));
      if (options.keepGoing !== true) break;
    }
  } finally {
    restore();
  }
  for (const line of stats.lines()) say(line);
  say(findings.length === 0 ? "no wrong answer" : `${findings.length} wrong answers`);
  return findings;
}

async function smaller({ script, mismatch }: Finding, options: OracleOptions): Promise<Finding> {
  const { dialect, server, say } = options;
  let last = mismatch;
  const cut: Script = { ...script, steps: script.steps.slice(0, mismatch.step + 1) };
  const result = await shrink(cut, mismatch.query, {
    limitMs: options.shrinkLimitMs ?? 120_000,
    fails: async (candidate) => {
      const again = await runScript(dialect, server, candidate, new Stats(), options.product);
      if (again === null || again.query !== mismatch.query || kindOf(again) !== kindOf(mismatch))
        return false;
      last = again;
      return true;
    },
  });
  const found = { ...result, found: `${last.reason}` };
  say(
    `smallest script: ${found.found}\n${transcript(found, (step) => described(dialect, found, step))}`,
  );
  if (options.planted !== true) {
    const folder = casesOf(dialect);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${script.name}.json`);
    await writeFile(path, `${JSON.stringify(found, null, 2)}\n`);
    say(`saved as ${path}`);
  }
  return { script: found, mismatch: last };
}

/** While a script shrinks it must stay the same fault: wrong rows do not become a failure. */
function kindOf({ reason }: Mismatch): string {
  if (/\bbroke: /.test(reason)) return "broke";
  if (reason.includes("CREATE CACHE")) return "create";
  if (reason.startsWith("the columns")) return "columns";
  return reason.includes("fails with") ? "error" : "rows";
}

function described(dialect: OracleDialect, script: Script, step: Step): string {
  switch (step.do) {
    case "sql":
      return `/* ${step.on} */ ${step.text};`;
    case "create": {
      const query = script.queries[step.query]!;
      const { text } = withPlaceholders(dialect, query, []);
      return `CREATE CACHE q${step.query} FROM ${text}; -- ${step.way}${step.background ? ", in background" : ""}`;
    }
    case "drop":
      return `DROP CACHE q${step.query};`;
    case "touch":
    case "check":
      return `${withLiterals(dialect, script.queries[step.query]!, step.args)}; -- ${step.do}, ${step.way}`;
    case "settle":
    case "restart":
      return `-- ${step.do}`;
  }
}
