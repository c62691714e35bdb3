import { createHash, randomBytes } from "node:crypto";
import { readFile, rm, mkdtemp, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@freshet/util";
import { openStore } from "@freshet/storage";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { S3Gateway } from "../../../test/support/s3-gateway.ts";
import { writeOwner } from "../engine/ownership.ts";
import { mysqlBackupLog } from "../replication/mysql/backup-log.ts";
import { comparePositions } from "../replication/postgres/position.ts";
import { type BackupLocation, openLocation } from "./location.ts";
import { makeBackup } from "./make-backup.ts";
import { restoreNewest } from "./restore-newest.ts";
import { S3Location } from "./s3-location.ts";

const BUCKET = "backups";
const OWNER = { deployment: "d/1", dialect: "postgres", replica: "s 1" };

let gateway: S3Gateway;
let location: BackupLocation;
let base = "";
const { signal } = new AbortController();

beforeAll(async () => {
  gateway = await S3Gateway.start(BUCKET);
  for (const [name, value] of Object.entries(gateway.env)) vi.stubEnv(name, value);
  location = openLocation(`s3://${BUCKET}/some/prefix`);
  base = await mkdtemp(join(tmpdir(), "freshet-s3-test-"));
  // The gateway may have to be built.
}, 600_000);
afterAll(async () => {
  location?.close();
  vi.unstubAllEnvs();
  await gateway?.stop();
  if (base !== "") await rm(base, { recursive: true, force: true });
});

async function* chunks(content: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < content.length; at += size) {
    yield await Promise.resolve(content.subarray(at, at + size));
  }
}

async function bytesOf(name: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await location.read(name, signal)) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

test.each([0, 1, 5 << 20, 8 << 20, (8 << 20) + 1, 20 << 20])(
  "%i bytes come back as they were written",
  async (size) => {
    const content = randomBytes(size);
    await location.write("x/y/z/data", chunks(content, 300_001), size, signal);
    const back = await bytesOf("x/y/z/data");
    expect(sha256(back)).toBe(sha256(content));
    expect(await location.list("x/")).toEqual([{ name: "x/y/z/data", bytes: size }]);
  },
);

test("what was not written to its end is not there", async () => {
  await location.remove(["x/y/z/data"]);
  async function* broken(): AsyncGenerator<Buffer, void, undefined> {
    yield* chunks(randomBytes(20 << 20), 1 << 20);
    throw new Error("the disk failed");
  }
  const writing = location.write("x/y/z/data", broken(), 40 << 20, signal);
  await expect(writing).rejects.toThrow("the disk failed");
  expect(await location.list("x/")).toEqual([]);
  await expect(location.read("x/y/z/data", signal)).rejects.toThrow(BUCKET);
});

test("a bucket that cannot be reached is an error that names it", async () => {
  const other = openLocation("s3://elsewhere");
  await expect(other.list("")).rejects.toThrow("elsewhere");
  other.close();
});

test("a bucket that falls silent is an error, not a wait for ever", async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const env = { ...process.env, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}` };
  vi.stubEnv("AWS_ENDPOINT_URL_S3", env.AWS_ENDPOINT_URL_S3);
  vi.stubEnv("AWS_MAX_ATTEMPTS", "1");
  const other = new S3Location("silent", "", env, 200);
  try {
    await expect(other.list("")).rejects.toThrow(/bucket silent: .*timed out/);
  } finally {
    vi.stubEnv("AWS_ENDPOINT_URL_S3", gateway.env["AWS_ENDPOINT_URL_S3"]);
    vi.stubEnv("AWS_MAX_ATTEMPTS", undefined);
    other.close();
    silent.close();
  }
}, 10_000);

test("a store is backed up to a bucket and restored from it; a damaged copy is passed over", async () => {
  const store = await openStore({ directory: join(base, "store") });
  writeOwner(store, {
    systemId: "1",
    database: "d",
    timeline: "1",
    slot: "s",
    serverVersion: "",
    resumePosition: null,
    logEnd: null,
    fresh: false,
  });
  const filler = randomBytes(12 << 20).toString("base64");
  const make = (position: string) => {
    store.write((batch) => {
      batch.putDocument("filler", filler);
      batch.setPosition(position);
    });
    return makeBackup(
      {
        source: {
          store,
          backups: mysqlBackupLog(() => Promise.resolve(position)),
          compare: comparePositions,
          settle: () => Promise.resolve(),
        },
        location,
        owner: OWNER,
        keep: 2,
        workDirectory: join(base, "work"),
        definitionsPath: join(base, "caches.json"),
        clock: systemClock,
      },
      signal,
    );
  };
  for (const position of ["0000000000000001", "0000000000000002", "0000000000000003"]) {
    await make(position);
  }
  await store.close();
  const stored = (await location.list("d%2F1/postgres/s%201/")).map(({ name }) => name).sort();
  expect(stored).toHaveLength(4);
  const restored = async (name: string) => {
    const directory = join(base, name);
    const manifest = await restoreNewest({
      location,
      owner: OWNER,
      anyReplica: false,
      directory,
      definitionsPath: join(base, `${name}.json`),
      clock: systemClock,
      logger: silentLogger,
      signal,
    });
    const copy = await openStore({ directory });
    expect(copy.readDocument("filler")).toBe(filler);
    await copy.close();
    return manifest?.position;
  };
  expect(await restored("one")).toBe("0000000000000003");
  const newest = stored.filter((name) => name.endsWith("data.mdb.zst")).at(-1)!;
  const path = gateway.path(BUCKET, `some/prefix/${newest}`);
  const content = await readFile(path);
  content[content.length >> 1]! ^= 1;
  await writeFile(path, content);
  expect(await restored("two")).toBe("0000000000000002");
});

function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
