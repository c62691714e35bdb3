import { execFile } from "node:child_process";
import { connect as connectNet, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  cancelRequest,
  passwordMessage,
  saslInitialResponse,
  sslRequest,
  startup,
} from "@freshet/pg-wire";
import type { PostgresAdapter } from "./options.ts";
import { selfSigned } from "../../core/src/testing/self-signed.ts";
import { type AdapterUnderTest, adapterUnderTest } from "./testing/setup.ts";

const run = promisify(execFile);
let under: AdapterUnderTest;
let tls: { cert: Buffer; key: Buffer };
let secure: PostgresAdapter;

beforeAll(async () => {
  tls = selfSigned("-sha384");
  under = await adapterUnderTest();
  secure = await under.another({ tls });
});

afterAll(() => under.stop());

/** psql's output, or the error text. */
async function psql(port: number, connection: string, password = "postgres"): Promise<string> {
  try {
    const { stdout } = await run(
      "psql",
      [
        "-XAtc",
        "SELECT 'in'",
        `host=127.0.0.1 port=${port} user=postgres dbname=postgres ${connection}`,
      ],
      { env: { ...process.env, PGPASSWORD: password } },
    );
    return stdout.trim();
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  }
}

/** Everything the peer says until it closes. */
async function talk(socket: Socket | TLSSocket, ...messages: readonly Buffer[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => parts.push(chunk));
  socket.on("error", () => undefined);
  for (const message of messages) socket.write(message);
  await new Promise((resolve) => socket.once("close", resolve));
  return Buffer.concat(parts);
}

const plain = (port: number) => connectNet({ port, host: "127.0.0.1" });
const login = (version: number, ...extra: (readonly [string, string])[]) =>
  startup(version, [["user", "postgres"], ["database", "postgres"], ...extra]);

describe("authentication", () => {
  for (const authenticationMethod of ["scram-sha-256", "md5", "cleartext"] as const) {
    test(`${authenticationMethod} lets the right password in, and only it`, async () => {
      const adapter = await under.another({ authenticationMethod });
      expect(await psql(adapter.port, "")).toBe("in");
      expect(await psql(adapter.port, "", "wrong")).toContain(
        'password authentication failed for user "postgres"',
      );
      expect(await psql(adapter.port, "user=nobody")).toContain(
        'password authentication failed for user "nobody"',
      );
      const client = new pg.Client({
        host: "127.0.0.1",
        port: adapter.port,
        user: "postgres",
        password: "postgres",
        database: "postgres",
      });
      await client.connect();
      expect((await client.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      await client.end();
    });
  }

  test("without authentication nobody is asked", async () => {
    const adapter = await under.another({ allowUnauthenticated: true });
    expect(await psql(adapter.port, "", "wrong")).toBe("in");
    expect(await psql(adapter.port, "user=stranger", "wrong")).toBe("in");
  });

  test("an unknown user meets the same dialog as a known one", async () => {
    const dialog = async (user: string) => {
      const socket = plain(under.adapter.port);
      const first = startup(196608, [
        ["user", user],
        ["database", "postgres"],
      ]);
      return talk(
        socket,
        first,
        saslInitialResponse("SCRAM-SHA-256", "n,,n=,r=abcdefgh"),
        passwordMessage("c=biws,r=x,p=AAAA"),
      );
    };
    const [known, unknown] = [await dialog("postgres"), await dialog("mallory")];
    expect(unknown.length).toBe(known.length);
    const salt = (bytes: Buffer) => /s=([^,]+)/.exec(bytes.toString("latin1"))?.[1];
    expect(salt(unknown)).toBe(salt(await dialog("mallory")));
    expect(salt(unknown)).not.toBe(salt(known));
  });

  test("a missing database is named after authentication, as upstream does", async () => {
    expect(await psql(under.adapter.port, "dbname=nosuch")).toContain(
      'database "nosuch" does not exist',
    );
  });

  test("more clients than allowed get 53300", async () => {
    const adapter = await under.another({ limits: { maxConnections: 1 } });
    const first = new pg.Client({
      host: "127.0.0.1",
      port: adapter.port,
      user: "postgres",
      password: "postgres",
    });
    await first.connect();
    expect(await psql(adapter.port, "")).toContain("sorry, too many clients already");
    await first.end();
  });
});

describe("TLS", () => {
  test("libpq encrypts, and binds the channel when told to", async () => {
    expect(await psql(secure.port, "sslmode=require channel_binding=disable")).toBe("in");
    expect(await psql(secure.port, "sslmode=require channel_binding=require")).toBe("in");
    expect(await psql(secure.port, "sslmode=disable")).toBe("in");
    expect(await psql(under.adapter.port, "sslmode=prefer")).toBe("in");
    expect(await psql(under.adapter.port, "sslmode=require")).toContain(
      "server does not support SSL",
    );
    expect(await psql(secure.port, "sslmode=require channel_binding=require", "wrong")).toContain(
      "password authentication failed",
    );
  });

  test("required TLS refuses plain clients", async () => {
    const adapter = await under.another({ tls: { ...tls, required: true } });
    expect(await psql(adapter.port, "sslmode=disable")).toContain(
      "connections without TLS are not accepted",
    );
    expect(await psql(adapter.port, "sslmode=require")).toBe("in");
  });

  test("direct TLS needs the protocol's name", async () => {
    const direct = (options: object) =>
      connectTls({ port: secure.port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    const named = direct({ ALPNProtocols: ["postgresql"] });
    named.once("secureConnect", () => named.write(login(196608)));
    const answer = await new Promise<Buffer>((resolve) => named.once("data", resolve));
    expect(answer.toString("latin1")).toContain("SCRAM-SHA-256-PLUS");
    named.destroy();
    const unnamed = direct({});
    unnamed.once("secureConnect", () => unnamed.write(login(196608)));
    expect((await talk(unnamed)).length).toBe(0);
  });

  test("plain bytes behind SSLRequest are never taken as encrypted", async () => {
    const answer = await talk(plain(secure.port), Buffer.concat([sslRequest(), login(196608)]));
    expect(answer.subarray(0, 1).toString()).not.toBe("S");
    expect(answer.toString("latin1")).toContain("08P01");
  });

  test("upstream TLS modes do what libpq's do", async () => {
    // The embedded upstream has no TLS.
    const url = under.upstream.url();
    const prefer = await under.another({ upstreamUrl: `${url}?sslmode=prefer` });
    expect(await psql(prefer.port, "")).toBe("in");
    const require = await under.another({ upstreamUrl: `${url}?sslmode=require` });
    expect(await psql(require.port, "")).toContain("does not support TLS");
    // Through an adapter that does: an adapter as upstream of another.
    const encrypted = await under.another({
      upstreamUrl: `postgres://postgres:postgres@localhost:${secure.port}/postgres?sslmode=require&channel_binding=require`,
    });
    expect(await psql(encrypted.port, "")).toBe("in");
    const verified = await under.another({
      upstreamUrl: `postgres://postgres:postgres@localhost:${secure.port}/postgres?sslmode=verify-full`,
    });
    expect(await psql(verified.port, "")).toContain("could not connect to the upstream");
  });
});

describe("start-up", () => {
  const gss = Buffer.from([0, 0, 0, 8, 4, 210, 22, 48]);

  test("GSSENCRequest and SSLRequest are answered on one connection, once each", async () => {
    const socket = plain(under.adapter.port);
    socket.write(gss);
    const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect(first.toString()).toBe("N");
    socket.write(sslRequest());
    const second = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect(second.toString()).toBe("N");
    socket.destroy();
  });

  /** First answer of the server at this port to these bytes. */
  async function firstAnswer(port: number, bytes: Buffer): Promise<string> {
    const socket = plain(port);
    socket.write(bytes);
    const answer = await new Promise<Buffer>((resolve) => {
      socket.once("data", resolve);
      socket.once("close", () => resolve(Buffer.from("closed")));
      socket.on("error", () => undefined);
    });
    socket.destroy();
    // An error of ours has no source line, and so another length.
    if (answer[0] === 0x45) answer.fill(0, 1, 5);
    return answer.toString("latin1").replace(/F[\w.]+\.c\0L\d+\0R\w+\0/, "");
  }

  for (const [name, bytes] of [
    ["3.0", login(0x30000)],
    ["3.1", login(0x30001)],
    ["3.2", login(0x30002)],
    ["a newer minor version", login(0x30009)],
    [
      "a newer minor version with unknown options",
      login(0x30009, ["_pq_.x", "1"], ["_pq_.y", "2"]),
    ],
    ["an unknown option of 3.0", login(0x30000, ["_pq_.x", "1"])],
    ["4.7", login(0x40007)],
    ["no user", startup(0x30000, [["database", "postgres"]])],
    ["a length too small", Buffer.from([0, 0, 0, 7, 0, 3, 0])],
    ["a length too large", Buffer.from([0, 1, 0, 0, 0, 3, 0, 0])],
    ["garbage", Buffer.from("GET / HTTP/1.0\r\n\r\n")],
    ["no terminator", Buffer.concat([login(0x30000).subarray(0, -1), Buffer.from("z")])],
  ] as const) {
    test(`${name} is answered as upstream answers it`, async () => {
      const direct = await firstAnswer(under.upstream.port, bytes);
      expect(await firstAnswer(under.adapter.port, bytes)).toBe(direct);
    });
  }

  test("a start-up packet may come byte by byte", async () => {
    const socket = plain(under.adapter.port);
    socket.setNoDelay(true);
    for (const byte of login(0x30000)) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect(answer.toString("latin1")).toContain("SCRAM-SHA-256");
    socket.destroy();
  });

  test("a cancel with an unknown key is closed in silence", async () => {
    const key = Buffer.alloc(8, 1);
    expect((await talk(plain(under.adapter.port), cancelRequest(key))).length).toBe(0);
  });

  test("later clients are greeted without an upstream connection", async () => {
    const connect = async (application_name: string) => {
      const client = new pg.Client({ connectionString: under.url(), application_name });
      await client.connect();
      return client;
    };
    const first = await connect("first");
    const before = under.adapter.statistics().upstreamConnections;
    const second = await connect("second");
    expect(under.adapter.statistics().upstreamConnections).toBe(before);
    expect((await second.query("SHOW application_name")).rows).toEqual([
      { application_name: "second" },
    ]);
    expect(under.adapter.statistics().upstreamConnections).toBe(before + 1);
    await Promise.all([first.end(), second.end()]);
  });

  test("start-up options reach the upstream", async () => {
    const client = new pg.Client({
      connectionString: under.url(),
      options: "-c search_path=pg_catalog -c statement_timeout=12345",
    });
    await client.connect();
    expect((await client.query("SHOW statement_timeout")).rows[0]).toEqual({
      statement_timeout: "12345ms",
    });
    await client.end();
  });

  test("replication connections pass through", async () => {
    const { stdout } = await run(
      "psql",
      [
        "-XAtc",
        "IDENTIFY_SYSTEM",
        `host=127.0.0.1 port=${under.adapter.port} user=postgres dbname=postgres replication=database`,
      ],
      { env: { ...process.env, PGPASSWORD: "postgres" } },
    );
    expect(stdout).toMatch(/^\d+\|1\|[0-9A-F]+\/[0-9A-F]+\|postgres/);
  });
});
