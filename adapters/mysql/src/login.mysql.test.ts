import { createServer } from "node:net";
import {
  CACHING_SHA2_PASSWORD,
  changeUserCommand,
  CLEAR_PASSWORD,
  CLIENT,
  NATIVE_PASSWORD,
  cachingSha2Response,
  encodeHandshakeResponse,
  nativeResponse,
  parseAuthSwitchRequest,
  parseErr,
  parseHandshake,
  queryCommand,
} from "@freshet/mysql-wire";
import { ByteSource, connectPlain } from "@freshet/adapter-core";
import mariadb from "mariadb";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PacketDialog } from "./packet-dialog.ts";
import { selfSigned } from "../../core/src/testing/self-signed.ts";
import { RawClient, TEST_CAPABILITIES } from "./testing/raw-client.ts";
import { rowsOf } from "./testing/cached-query-router.ts";
import { adapterUnderTest, type AdapterUnderTest, FLAVOURS } from "./testing/setup.ts";
import { connectUpstream, type UpstreamRefused } from "./upstream/connect.ts";
import { parseUpstreamUrl } from "./upstream/url.ts";

describe.each(FLAVOURS)("logins before %s", (flavour) => {
  let under: AdapterUnderTest;

  beforeAll(async () => {
    const users = new Map([
      ["root", "root"],
      ["ann", "pässword"],
      ["nobody", ""],
      ["gone", "x"],
    ]);
    under = await adapterUnderTest(flavour, { users });
    const admin = await RawClient.connect(under.upstream.url());
    for (const sql of [
      "CREATE USER ann@'%' IDENTIFIED BY 'pässword'",
      "CREATE USER nobody@'%' IDENTIFIED BY ''",
      "GRANT ALL ON test.* TO ann@'%'",
      "GRANT ALL ON test.* TO nobody@'%'",
    ]) {
      const text = Buffer.from(sql).toString("latin1");
      expect((await admin.run(queryCommand(text, admin.capabilities))).errorCode).toBe(0);
    }
    admin.close();
  }, 60_000);

  afterAll(() => under.stop());

  const rowsFor = async (client: RawClient, sql: string) =>
    rowsOf(await client.run(queryCommand(sql, client.capabilities)), client.capabilities, 1);

  /** Answers the greeting with this plugin and password; the last payload of the server. */
  async function logIn(
    user: string,
    password: string,
    plugin: string | null,
    early = true,
  ): Promise<Buffer> {
    const address = { host: "127.0.0.1", port: under.adapter.port, socketPath: null };
    const socket = await connectPlain(address, AbortSignal.timeout(10_000));
    const dialog = new PacketDialog(socket, new ByteSource(socket));
    const first = await dialog.receive();
    const greeting = parseHandshake(first, 0, first.length);
    const answer = (name: string | null, scramble: Buffer) =>
      name === CACHING_SHA2_PASSWORD
        ? cachingSha2Response(password, scramble)
        : nativeResponse(password, scramble);
    const pluginAuth = plugin === null ? 0 : CLIENT.pluginAuth;
    dialog.send(
      encodeHandshakeResponse({
        capabilities: (TEST_CAPABILITIES & ~CLIENT.pluginAuth) | pluginAuth,
        extended: 0,
        maxPacketBytes: 1 << 24,
        charset: 45,
        user,
        authResponse: early ? answer(plugin, greeting.scramble) : Buffer.alloc(0),
        authPlugin: plugin,
        database: null,
        attributes: null,
        zstdLevel: null,
      }),
    );
    for (;;) {
      const payload = await dialog.receive();
      if (payload[0] === 0xfe) {
        const change = parseAuthSwitchRequest(payload, 0, payload.length);
        dialog.send(answer(change.plugin, change.data.subarray(0, 20)));
      } else if (payload[0] !== 1) {
        socket.destroy();
        return payload;
      }
    }
  }

  describe.each([
    [NATIVE_PASSWORD, true],
    [CACHING_SHA2_PASSWORD, true],
    [NATIVE_PASSWORD, false],
    [CACHING_SHA2_PASSWORD, false],
    ["authentication_of_tomorrow", true],
    [null, true],
  ] as const)("with %s, answered at once: %s", (plugin, early) => {
    test.each([
      ["root", "root", 0],
      ["nobody", "", 0],
      ["root", "wrong", 1045],
      ["root", "", 1045],
      ["stranger", "root", 1045],
      ["stranger", "", 1045],
    ])("%s %s", async (user, password, expected) => {
      const payload = await logIn(user, password, plugin, early);
      const code = payload[0] === 0 ? 0 : parseErr(payload, 0, payload.length).code;
      expect(code).toBe(expected);
    });
  });

  test("a user the upstream does not know is refused as it says", async () => {
    const payload = await logIn("gone", "x", NATIVE_PASSWORD);
    const { code, message } = parseErr(payload, 0, payload.length);
    expect([code, message]).toEqual([1045, expect.stringContaining("gone")]);
  });

  test("passwords beyond ASCII, connection attributes and databases", async () => {
    const client = await RawClient.connect(under.url("test", "ann", "pässword"), {
      capabilities: TEST_CAPABILITIES | CLIENT.connectAttributes,
      attributes: [["program_name", "golden"]],
    });
    expect(await rowsFor(client, "SELECT CONCAT(CURRENT_USER(), DATABASE())")).toEqual([
      ["ann@%test"],
    ]);
    client.close();
    const absent = RawClient.connect(under.url("absent", "root", "root"));
    await expect(absent).rejects.toMatchObject({ code: 1049 } satisfies Partial<UpstreamRefused>);
  });

  test("TLS to clients; clear passwords within it", async () => {
    const adapter = await under.another({ tls: { ...selfSigned(), required: true } });
    const client = await createConnection({
      host: "127.0.0.1",
      port: adapter.port,
      user: "root",
      password: "root",
      ssl: { rejectUnauthorized: false },
      authPlugins: {
        [CLEAR_PASSWORD]: () => () => Buffer.from("root\0"),
      },
    });
    const [rows] = await client.query("SELECT 7 AS seven");
    expect(rows).toEqual([{ seven: 7 }]);
    await client.end();
    const plain = createConnection({
      host: "127.0.0.1",
      port: adapter.port,
      user: "root",
      password: "root",
    });
    await expect(plain).rejects.toMatchObject({ errno: 3159 });
    const other = await mariadb.createConnection({
      host: "127.0.0.1",
      port: adapter.port,
      user: "root",
      password: "root",
      ssl: { rejectUnauthorized: false },
    });
    expect(await other.query("SELECT 'x' AS x")).toEqual([{ x: "x" }]);
    await other.end();
  });

  test("clients may be let in without a password", async () => {
    const adapter = await under.another({ allowUnauthenticated: true });
    const client = await createConnection({ host: "127.0.0.1", port: adapter.port, user: "who" });
    const [rows] = await client.query("SELECT USER() AS u");
    expect(JSON.stringify(rows)).toContain("root@");
    await client.end();
  });

  test("COM_CHANGE_USER proves itself here and goes on upstream", async () => {
    const client = await createConnection({ uri: under.url(), multipleStatements: true });
    await client.query("SET @x = 1");
    await client.changeUser({ user: "ann", password: "pässword", database: "test" });
    const [rows] = await client.query("SELECT CURRENT_USER() AS u, @x AS x");
    expect(rows).toEqual([{ u: "ann@%", x: null }]);
    await expect(client.changeUser({ user: "ann", password: "wrong" })).rejects.toMatchObject({
      errno: 1045,
    });
    const raw = await RawClient.connect(under.url());
    const reply = await raw.run(
      changeUserCommand(
        {
          user: "nobody",
          authResponse: Buffer.alloc(0),
          database: "test",
          charset: 45,
          authPlugin: NATIVE_PASSWORD,
          attributes: null,
        },
        raw.capabilities,
      ),
    );
    expect(reply.errorCode).toBe(0);
    raw.close();
  });

  test("a client is told why while the upstream is away, and served when it is back", async () => {
    const port = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address();
        server.close(() =>
          resolve(address !== null && typeof address === "object" ? address.port : 0),
        );
      });
    });
    const adapter = await under.another({ upstreamUrl: `mysql://root:root@127.0.0.1:${port}` });
    const away = createConnection({ host: "127.0.0.1", port: adapter.port, user: "root" });
    await expect(away).rejects.toMatchObject({ errno: 2003 });
  });

  test("every way the upstream itself asks for a password", async () => {
    const address = parseUpstreamUrl(under.upstream.url());
    const login = {
      capabilities: TEST_CAPABILITIES,
      maxPacketBytes: 1 << 24,
      charset: 45,
      user: "ann",
      password: "pässword",
      database: null,
      attributes: null,
    };
    // The first without a server that remembers the password: the whole exchange.
    for (const sslMode of ["disable", "prefer", "disable"] as const) {
      const admin = await RawClient.connect(under.upstream.url());
      await admin.run(queryCommand("FLUSH PRIVILEGES", admin.capabilities));
      admin.close();
      const { socket } = await connectUpstream({
        address: { ...address, sslMode },
        login,
        timeoutMs: 10_000,
      });
      socket.destroy();
    }
  });
});
