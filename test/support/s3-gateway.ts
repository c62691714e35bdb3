import { type ChildProcess, execFile, spawn } from "node:child_process";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "@freshet/cli/embedded-mysql";
import { eventually } from "./eventually.ts";

/** An S3 gateway over a directory, built by the machine's Go and kept in the user's cache. */
const MODULE = "github.com/versity/versitygw/cmd/versitygw";
const VERSION = "1.8.0";
const KEY = { access: "freshet", secret: "freshet-secret" };

const run = promisify(execFile);

export class S3Gateway {
  readonly endpoint: string;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(endpoint: string, child: ChildProcess, directory: string) {
    this.endpoint = endpoint;
    this.#process = child;
    this.#directory = directory;
  }

  /** With one bucket. Rejects with one sentence when the program cannot be had. */
  static async start(bucket: string): Promise<S3Gateway> {
    const program = await fetchGateway();
    const directory = await mkdtemp(join(tmpdir(), "freshet-s3-"));
    const [root, sidecar] = [join(directory, "root"), join(directory, "meta")];
    await mkdir(join(root, bucket), { recursive: true });
    await mkdir(sidecar);
    const port = await freePort();
    const args = ["--port", `127.0.0.1:${port}`, "--access", KEY.access, "--secret", KEY.secret];
    const child = spawn(program, [...args, "--quiet", "posix", "--sidecar", sidecar, root], {
      stdio: "ignore",
    });
    const gateway = new S3Gateway(`http://127.0.0.1:${port}`, child, directory);
    try {
      await eventually(() => fetch(gateway.endpoint));
      return gateway;
    } catch (error) {
      await gateway.stop();
      throw error;
    }
  }

  /** What the SDK needs to find it. */
  get env(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL_S3: this.endpoint,
      AWS_ACCESS_KEY_ID: KEY.access,
      AWS_SECRET_ACCESS_KEY: KEY.secret,
      AWS_REGION: "us-east-1",
    };
  }

  /** Where an object's content lies. */
  path(bucket: string, key: string): string {
    return join(this.#directory, "root", bucket, ...key.split("/"));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once("exit", resolve));
      this.#process.kill();
      await ended;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function fetchGateway(): Promise<string> {
  const directory = join(cacheDirectory(), `versitygw-${VERSION}`);
  const program = join(directory, "versitygw");
  if (await exists(program)) return program;
  await mkdir(cacheDirectory(), { recursive: true });
  const making = await mkdtemp(join(cacheDirectory(), ".new-versitygw-"));
  try {
    const path = `${process.env["PATH"] ?? ""}:/usr/local/go/bin`;
    const env = { ...process.env, PATH: path, GOBIN: making };
    await run("go", ["install", `${MODULE}@v${VERSION}`], { env });
    await rename(making, directory).catch(async (error: unknown) => {
      if (!(await exists(program))) throw error;
    });
    return program;
  } catch (error) {
    const message = `versitygw ${VERSION} could not be had and built with Go.`;
    throw new Error(message, { cause: error });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
