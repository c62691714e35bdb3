import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AddressInfo, connect } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import type { TcpSecurity } from "./security.ts";
import { type TestListener, dial, listen } from "./testing.ts";

/** Patient: the machine may be busy. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 });

interface Pair {
  readonly cert: string;
  readonly key: string;
}

let folder: string;
let ca: string;
let otherCa: string;
let server: Pair;
let adapter: Pair;
let strangers: Pair;
const open: TestListener[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-rpc-tls-"));
  ca = authority("ca");
  otherCa = authority("other");
  server = certificate("ca", "s1", "DNS:freshet-server");
  adapter = certificate("ca", "a1", "DNS:a1");
  strangers = certificate("other", "s2", "IP:127.0.0.1");
});
afterEach(async () => {
  for (const { listener } of open.splice(0)) await listener.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
}

const read = (name: string) => readFileSync(join(folder, name), "utf8");
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function authority(name: string): string {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  openssl("req", "-x509", ...NEW_KEY, "-days", "2", "-subj", `/CN=${name}`, ...files);
  return read(`${name}.crt`);
}

function certificate(issuer: string, name: string, names: string): Pair {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.csr`];
  openssl("req", "-new", ...NEW_KEY, "-subj", `/CN=${name}`, ...files);
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
  const by = ["-CA", `${issuer}.crt`, "-CAkey", `${issuer}.key`, "-CAcreateserial"];
  const out = ["-out", `${name}.crt`, "-days", "2", "-extfile", `${name}.ext`];
  openssl("x509", "-req", "-in", `${name}.csr`, ...by, ...out);
  return { cert: read(`${name}.crt`), key: read(`${name}.key`) };
}

const NOTHING = { cert: null, key: null, ca: null };
const withSecret = (tls: TcpSecurity["tls"], secret = "s3cret"): TcpSecurity => ({ secret, tls });

async function start(security: TcpSecurity): Promise<TestListener> {
  const started = await listen({ security });
  open.push(started);
  return started;
}

async function works(to: TestListener, security: TcpSecurity): Promise<void> {
  const link = await dial(to.address, { security });
  await until(() => expect(to.accepted.length).toBeGreaterThan(0));
  const accepted = to.accepted.pop()!;
  const heard = new Promise((resolve) => accepted.onMessage(resolve));
  link.onMessage(() => undefined);
  link.send({ kind: "hello", version: 1, adapter: "a1" });
  expect(await heard).toMatchObject({ adapter: "a1" });
  link.close();
}

test("an adapter that trusts the server's authority is linked through TLS", async () => {
  const to = await start(withSecret({ ...server, ca: null }));
  await works(to, withSecret({ ...NOTHING, ca }));
  // The secret, bound to the connection, authenticates where no authority does.
  await works(to, withSecret(NOTHING));
});

test("a server of another authority is refused", async () => {
  const to = await start(withSecret({ ...strangers, ca: null }));
  const dialled = dial(to.address, { security: withSecret({ ...NOTHING, ca }) });
  await expect(dialled).rejects.toThrow(/certificate/);
  expect(to.accepted).toHaveLength(0);
});

test("without a secret the name in the certificate counts, too", async () => {
  const wrongName = await start({ secret: null, tls: { ...server, ca: null } });
  const security = { secret: null, tls: { ...NOTHING, ca } };
  await expect(dial(wrongName.address, { security })).rejects.toThrow(/altnames/);
  const rightName = await start({ secret: null, tls: { ...strangers, ca: null } });
  await works(rightName, { secret: null, tls: { ...NOTHING, ca: otherCa } });
  await expect(
    dial(rightName.address, { security: { secret: null, tls: NOTHING } }),
  ).rejects.toThrow(/certificate/);
});

test("a server with an authority demands a certificate of it from adapters", async () => {
  const to = await start(withSecret({ ...server, ca }));
  await works(to, withSecret({ ...adapter, ca }));
  for (const tls of [
    { ...NOTHING, ca },
    { ...strangers, ca },
  ]) {
    await expect(dial(to.address, { security: withSecret(tls) })).rejects.toThrow();
  }
  expect(to.accepted).toHaveLength(0);
  expect(to.warnings.length).toBeGreaterThan(0);
});

test("a wrong secret is refused in words through TLS, too", async () => {
  const to = await start(withSecret({ ...server, ca: null }));
  const security = withSecret({ ...NOTHING, ca }, "wrong");
  await expect(dial(to.address, { security })).rejects.toThrow(/shared secret of adapter a1/);
});

test("who stands between with TLS on both sides cannot pass proofs on", async () => {
  const to = await start(withSecret({ ...server, ca: null }));
  const between = createTlsServer({ cert: strangers.cert, key: strangers.key }, (socket) => {
    const { port } = to.listener.address;
    const through = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.on("error", () => undefined);
    through.on("error", () => undefined);
    socket.pipe(through).pipe(socket);
  });
  between.listen(0, "127.0.0.1");
  await once(between, "listening");
  const { port } = between.address() as AddressInfo;
  const dialled = dial(`127.0.0.1:${port}`, { security: withSecret(NOTHING) });
  await expect(dialled).rejects.toThrow(/shared secret of adapter a1 is another one/);
  between.close();
});

test("one side with TLS and one without do not go together, and nobody else is disturbed", async () => {
  const secure = await start(withSecret({ ...server, ca: null }));
  const plain = await start(withSecret(null));
  await expect(dial(secure.address, { security: withSecret(null) })).rejects.toThrow(
    /do both sides use TLS/,
  );
  await expect(dial(plain.address, { security: withSecret(NOTHING) })).rejects.toThrow();
  await works(secure, withSecret({ ...NOTHING, ca }));
  await works(plain, withSecret(null));
});

test("who begins TLS and does not go on is dropped after a short time", async () => {
  const started = await listen({ security: withSecret({ ...server, ca: null }), timeoutMs: 150 });
  open.push(started);
  const socket = connect(started.listener.address.port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined);
  socket.write(Buffer.from("1603010200010001fc0303", "hex"));
  socket.resume();
  await once(socket, "close");
});
