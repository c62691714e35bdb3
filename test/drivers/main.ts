/**
 * Runs the script of `script.data.ts` with every driver three times: directly at the database,
 * through Freshet, and through Freshet with caches on what it reads; the three outputs must be
 * equal. `node test/drivers/main.ts [--only go,php] [--upstream mysql|mariadb]`
 *
 * No part of `npm test`: it needs Go, Java and Maven on the machine and downloads drivers (kept in
 * the user's cache). A driver that cannot be had is named with the reason, and fails the run.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EmbeddedMysql, type MysqlFlavour } from "@freshet/cli/embedded-mysql";
import { messageOf } from "@freshet/util";
import { FreshetProcess } from "../support/freshet-process.ts";
import { mysqlQuery } from "../support/mysql-database.ts";
import { type CommandResult, runCommand } from "../support/run-command.ts";
import { eventually } from "../support/eventually.ts";
import { commandLineScript } from "./command-line.ts";
import { type Operation, encodeScript } from "./operations.ts";
import { CACHES, SCHEMA } from "./schema.data.ts";
import { SCRIPT } from "./script.data.ts";
import { DRIVERS, type DriverCommand } from "./tools.ts";

const DATABASE = "drivers";
const LINES = 5_000;
/** Differences shown of one pair of outputs. */
const SHOWN = 12;

interface Files {
  readonly directory: string;
  readonly script: string;
  readonly data: string;
  /** The same for the command line clients. */
  readonly statements: string;
}

const { values } = parseArgs({
  options: { only: { type: "string" }, upstream: { type: "string" }, keep: { type: "string" } },
});
const only = values.only?.split(",");
const flavours = (["mysql", "mariadb"] as const).filter(
  (name) => values.upstream === undefined || values.upstream === name,
);
let problems = 0;

for (const flavour of flavours) {
  const files = await writeFiles(flavour);
  try {
    await runFlavour(flavour, files);
  } finally {
    if (values.keep === undefined) await rm(files.directory, { recursive: true, force: true });
  }
}
say(problems === 0 ? "every output is equal" : `${problems} problems`);
process.exitCode = problems === 0 ? 0 : 1;

/**
 * MariaDB tells clients that ask for it more of some columns' types, e.g. that a text is JSON.
 * Freshet does not offer that, so such columns are not read there.
 */
function scriptFor(flavour: MysqlFlavour): typeof SCRIPT {
  if (flavour === "mysql") return SCRIPT;
  const isLeftOut = (operation: Operation) =>
    operation.includes("SELECT * FROM other_type ORDER BY id");
  return Object.fromEntries(
    Object.entries(SCRIPT).map(([section, operations]) => [
      section,
      operations.filter((operation) => !isLeftOut(operation)),
    ]),
  );
}

async function writeFiles(flavour: MysqlFlavour): Promise<Files> {
  const directory = values.keep ?? (await mkdtemp(join(tmpdir(), "freshet-drivers-")));
  await mkdir(directory, { recursive: true });
  const script = scriptFor(flavour);
  const data = join(directory, "data");
  const made = { directory, script: join(directory, "script"), data, statements: "" };
  made.statements = commandLineScript(script, data);
  await writeFile(made.script, encodeScript(script));
  const lines = Array.from({ length: LINES }, (_, n) => `${n}\tline ${n} äöü\n`);
  await writeFile(made.data, lines.join(""));
  return made;
}

async function runFlavour(flavour: MysqlFlavour, files: Files): Promise<void> {
  const keep = (name: string, text: string) => keepIn(files.directory, name, text);
  const upstream = await EmbeddedMysql.start({
    flavour,
    settings: { default_time_zone: "+00:00" },
  });
  let freshet: FreshetProcess | null = null;
  try {
    await mysqlQuery(upstream.url(""), `CREATE DATABASE ${DATABASE}`);
    await mysqlQuery(upstream.url(DATABASE), ...SCHEMA);
    const upstreamUrl = upstream.url(DATABASE);
    freshet = await FreshetProcess.start({ upstreamUrl, deployment: "drivers" });
    const commands = await driverCommands(upstream);
    const direct = new Map<string, string>();
    for (const [name, command] of commands) {
      const expected = await output(command, upstream.port, files);
      direct.set(name, expected);
      await keep(`${flavour}-${name}-direct`, expected);
      const hasWorked = expected.split("\n").length > 100;
      if (!hasWorked) problem(`${flavour} ${name} directly: the script has not run:\n${expected}`);
      await compare(`${flavour}-${name}-forwarded`, expected, command, freshet.port, files);
    }
    await createCaches(freshet);
    for (const [name, command] of commands) {
      const before = await freshet.metric("freshet_hits_total");
      await compare(
        `${flavour}-${name}-cached`,
        direct.get(name) ?? "",
        command,
        freshet.port,
        files,
      );
      const hits = (await freshet.metric("freshet_hits_total")) - before;
      say(`${flavour} ${name}: ${hits} answers from caches`);
      if (hits === 0) problem(`${flavour} ${name}: no answer came from a cache`);
    }
  } catch (error) {
    problem(`${flavour}: ${messageOf(error)}`);
  } finally {
    if (freshet !== null) await keep(`${flavour}-log`, freshet.said);
    await freshet?.dispose();
    await upstream.stop();
  }
}

async function driverCommands(upstream: EmbeddedMysql): Promise<Map<string, DriverCommand>> {
  const found = new Map<string, DriverCommand>();
  for (const [name, get] of Object.entries(DRIVERS)) {
    if (only !== undefined && !only.some((part) => name.includes(part))) continue;
    try {
      found.set(name, await get());
    } catch (error) {
      problem(`${name}: ${messageOf(error)}`);
    }
  }
  if (only === undefined || only.includes("cli")) {
    found.set("cli", { command: upstream.client, args: [] });
  }
  return found;
}

async function output(driver: DriverCommand, port: number, files: Files): Promise<string> {
  const result =
    driver.args.length === 0 && /(mysql|mariadb)$/.test(driver.command)
      ? await commandLine(driver, port, files)
      : await runCommand(driver.command, [...driver.args, String(port), files.script, files.data], {
          ...(driver.env === undefined ? {} : { env: driver.env }),
        });
  const end = result.code === 0 ? "" : `ended with ${result.code}\n`;
  // Connector/J's own log also names the errors of statements that it sent ahead of an answer.
  const said = result.stderr.replaceAll(/^\[ WARN\].*\n/gm, "");
  return withoutTimes(result.stdout) + withoutTimes(said) + end;
}

function commandLine(driver: DriverCommand, port: number, files: Files): Promise<CommandResult> {
  const args = [
    ...["--no-defaults", "--host=127.0.0.1", `--port=${port}`, "--user=root", "--password=root"],
    ...["--force", "--column-type-info", "--show-warnings", "-vvv", "--local-infile=1"],
    ...["--max-allowed-packet=128M", "--default-character-set=utf8mb4", DATABASE],
  ];
  return runCommand(driver.command, args, { input: files.statements });
}

/** How long a statement took is no part of what it said. */
function withoutTimes(text: string): string {
  return text
    .replace(/\((\d+ min )?\d+\.\d+ sec\)/g, "(time)")
    .replaceAll(/^x{1000,}$/gm, ({ length }) => `${length} x`);
}

async function compare(
  name: string,
  expected: string,
  command: DriverCommand,
  port: number,
  files: Files,
): Promise<void> {
  const got = await output(command, port, files);
  await keepIn(files.directory, name, got);
  if (got === expected) return say(`${name}: equal, ${got.split("\n").length} lines`);
  problem(`${name}: differs\n${differences(expected, got).join("\n")}`);
}

function differences(expected: string, got: string): readonly string[] {
  const [left, right] = [expected.split("\n"), got.split("\n")];
  const lines: string[] = [];
  let section = "";
  for (let n = 0; n < Math.max(left.length, right.length) && lines.length < SHOWN; n += 1) {
    if (left[n]?.startsWith("#")) section = left[n] ?? "";
    if (left[n] === right[n]) continue;
    lines.push(
      `  ${section} line ${n + 1}`,
      `  - ${left[n]?.slice(0, 400)}`,
      `  + ${right[n]?.slice(0, 400)}`,
    );
  }
  return lines;
}

async function createCaches(freshet: FreshetProcess): Promise<void> {
  for (const [name, statement] of CACHES) {
    try {
      await mysqlQuery(freshet.url(), `CREATE CACHE ${name} FROM ${statement}`);
    } catch (error) {
      problem(`cache ${name}: ${messageOf(error)}`);
    }
  }
  // Until one answers; the others follow while the drivers run.
  await eventually(async () => {
    const before = await freshet.metric("freshet_hits_total");
    await mysqlQuery(freshet.url(), "SELECT id, name, price FROM item WHERE id = 1");
    if ((await freshet.metric("freshet_hits_total")) === before) throw new Error("no hit yet");
  }, 30_000).catch((error: unknown) => problem(messageOf(error)));
}

/** Into the directory of `--keep`, for a person to look at. */
async function keepIn(directory: string, name: string, text: string): Promise<void> {
  if (values.keep !== undefined) await writeFile(join(directory, `${name}.txt`), text);
}

function problem(text: string): void {
  problems += 1;
  say(text);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
