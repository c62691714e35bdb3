import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

/**
 * `npm test`: type check, lint and format check, then every test. The last line says
 * `N passed, N failed, N skipped`; each check counts as one test. Arguments go to vitest, and
 * then the checks are left out: `npm test -- packages/sql`.
 */

const root = join(import.meta.dirname, "..");
const require = createRequire(import.meta.url);

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["typecheck", packageFile("typescript", "bin/tsc"), "-p", "tsconfig.json"],
  ["lint", packageFile("eslint", "bin/eslint.js"), "."],
  ["format", packageFile("prettier", "bin/prettier.cjs"), "--check", "--log-level=warn", "."],
];

const SLOWEST = 10;

async function main(): Promise<number> {
  const startedMs = performance.now();
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const filters = process.argv.slice(2);
  if (filters.length === 0) await runChecks(totals);
  await runTests(filters, totals);
  say(`took ${seconds(performance.now() - startedMs)}`);
  say(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  return totals.failed === 0 && totals.passed > 0 ? 0 : 1;
}

async function runChecks(totals: Totals): Promise<void> {
  await Promise.all(
    CHECKS.map(async ([name, ...command]) => {
      const startedMs = performance.now();
      const { code, output } = await run(command, "collect");
      const took = seconds(performance.now() - startedMs);
      say(`check ${name}: ${code === 0 ? "passed" : "FAILED"} (${took})`);
      if (code === 0) totals.passed += 1;
      else {
        totals.failed += 1;
        say(output.trimEnd());
      }
    }),
  );
}

async function runTests(filters: readonly string[], totals: Totals): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "freshet-test-"));
  const reportFile = join(directory, "report.json");
  try {
    const { code } = await run(
      [
        packageFile("vitest", "vitest.mjs"),
        ...["run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`],
        ...filters,
      ],
      "show",
    );
    const report = await readReport(reportFile);
    const failedBefore = totals.failed;
    if (report !== null) count(report, totals);
    if (report !== null) printSlowest(report);
    // An error outside of tests, or no report at all, must not look like success.
    if (code !== 0 && totals.failed === failedBefore) totals.failed += 1;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function readReport(path: string): Promise<TestReport | null> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as TestReport;
  } catch {
    return null;
  }
}

function count(report: TestReport, totals: Totals): void {
  for (const file of report.testResults) {
    const failedBefore = totals.failed;
    for (const { status } of file.assertionResults) {
      if (status === "passed") totals.passed += 1;
      else if (status === "failed") totals.failed += 1;
      else totals.skipped += 1;
    }
    // A file that could not be loaded has no tests to count.
    if (file.status === "failed" && totals.failed === failedBefore) totals.failed += 1;
  }
}

function printSlowest(report: TestReport): void {
  const files = report.testResults
    .map((file) => ({ name: relative(root, file.name), ms: file.endTime - file.startTime }))
    .sort((left, right) => right.ms - left.ms);
  say("slowest test files:");
  for (const { name, ms } of files.slice(0, SLOWEST)) say(`  ${seconds(ms).padStart(8)} ${name}`);
}

function run(
  command: readonly string[],
  output: "show" | "collect",
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const collect = output === "collect";
    const child = spawn(process.execPath, command, {
      cwd: root,
      stdio: ["ignore", collect ? "pipe" : "inherit", collect ? "pipe" : "inherit"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output: text }));
  });
}

function packageFile(name: string, file: string): string {
  return join(dirname(require.resolve(`${name}/package.json`)), file);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
