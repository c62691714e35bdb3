import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const SLEEPING = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";

/** One operation of the script, as `operations.ts` writes it. */
export function readScript(path: string): string[][] {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => line.split("\t").map(decodeURIComponent));
}

export function say(...words: readonly unknown[]): void {
  process.stdout.write(`${words.map(String).join(" ")}\n`);
}

export function shown(value: unknown): string {
  const text = Buffer.isBuffer(value)
    ? `0x${value.toString("hex")}`
    : JSON.stringify(value, (_, each: unknown) =>
        typeof each === "bigint" ? `bigint ${each}` : each,
      );
  return text === undefined || text.length <= 120 ? String(text) : `<${text.length} ${md5(text)}>`;
}

export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

export function valueOf(text: string): string | number | bigint | Buffer | null {
  const rest = text.slice(2);
  switch (text[0]) {
    case "i":
      return Number.isSafeInteger(Number(rest)) ? Number(rest) : BigInt(rest);
    case "f":
      return Number(rest);
    case "b":
      return Buffer.from(rest, "hex");
    case "n":
      return null;
    default:
      return rest;
  }
}

/** A body in which every byte value occurs. */
export function largeBody(megabytes: number): Buffer {
  const part = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  return Buffer.concat(Array.from({ length: 4096 * megabytes }, () => part));
}

/** What is common to the drivers of Node: a client as the script needs it. */
export interface ScriptClient {
  text(sql: string): Promise<void>;
  prepared(times: number, sql: string, values: readonly string[]): Promise<void>;
  prepare(sql: string): Promise<void>;
  run(values: readonly string[]): Promise<void>;
  unprepare(): Promise<void>;
  stream(sql: string): Promise<void>;
  begin(): Promise<unknown>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  ping(): Promise<unknown>;
  reset(): Promise<unknown>;
  insertId(): unknown;
  large(body: Buffer): Promise<unknown>;
  load(sql: string): Promise<void>;
  /** Without printing anything. */
  countRows(sql: string): Promise<number>;
  readonly threadId: number;
  end(): Promise<unknown>;
}

export interface DriverError {
  readonly errno?: number;
  readonly sqlState?: string;
  readonly sqlMessage?: string;
  readonly message: string;
}

export async function attempt(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { errno, sqlState, sqlMessage, message } = error as DriverError;
    // The connection's number is of this run.
    if (errno === undefined) say("driver error", message.replace(/conn:-?\d+/, "conn"));
    else say("error", errno, sqlState, sqlMessage);
  }
}

export type Open = (database: string, option: string) => Promise<ScriptClient>;

/** Carries out the script of `argv`: PORT SCRIPT DATA_FILE. */
export async function runScript(open: Open): Promise<void> {
  const [, , , script = "", dataFile = ""] = process.argv;
  const clients = new Map<string, ScriptClient>();
  let current: ScriptClient | undefined;
  for (const [name = "", ...args] of readScript(script)) {
    const [first = "", second = "", third = ""] = args;
    if (name === "section") say("#", first);
    else if (name === "connect") {
      await attempt(async () => {
        current = await open(second, third);
        clients.set(first, current);
        say("connected");
      });
    } else if (name === "use") current = clients.get(first);
    else if (name === "close") await clients.get(first)?.end();
    else if (current !== undefined) await perform(current, name, args, dataFile, open);
  }
}

async function perform(
  client: ScriptClient,
  name: string,
  args: readonly string[],
  dataFile: string,
  open: Open,
): Promise<void> {
  const [first = "", second = ""] = args;
  switch (name) {
    case "text":
      for (let n = 0; n < Number(first); n += 1) await attempt(() => client.text(second));
      return;
    case "prepared":
      return attempt(() => client.prepared(Number(first), second, args.slice(2)));
    case "prepare":
      return attempt(() => client.prepare(first));
    case "run":
      return attempt(() => client.run(args));
    case "call":
      await attempt(() => client.text("SET @a = 0, @b = 21"));
      await attempt(() => client.prepared(1, `CALL ${first}(?, @a, @b)`, [second]));
      return attempt(() => client.text("SELECT @a, @b"));
    case "stream":
      return attempt(() => client.stream(first));
    case "cursor":
      return attempt(() => client.stream(second));
    case "begin":
    case "commit":
    case "rollback":
    case "ping":
    case "reset":
    case "unprepare":
      return attempt(() => client[name]());
    case "autocommit":
      return attempt(() => client.text(`SET autocommit = ${first}`));
    case "insert-id":
      return say("insert id", client.insertId());
    case "warnings":
      return attempt(() => client.text("SHOW WARNINGS"));
    case "large":
      return attempt(() => client.large(largeBody(Number(first))));
    case "load":
      return attempt(() => client.load(`LOAD DATA LOCAL INFILE '${dataFile}' INTO TABLE ${first}`));
    case "kill":
      return attempt(() => kill(client, open));
    default:
      throw new Error(`unknown operation ${name}`);
  }
}

async function kill(client: ScriptClient, open: Open): Promise<void> {
  const second = await open("drivers", "");
  const sleeping = attempt(() => client.text("SELECT SLEEP(30) AS slept"));
  while ((await second.countRows(SLEEPING)) === 0) await delay(10);
  await second.countRows(`KILL QUERY ${client.threadId}`);
  await sleeping;
  await second.end();
}
