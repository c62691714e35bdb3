import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Logger } from "@freshet/util";
import { startFreshet, type TestFreshet } from "../../../test/support/freshet.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { noMetrics } from "../engine/metrics.ts";
import { MANIFEST, type Manifest } from "./manifest.ts";

/** Lines of the log by message. */
export class LogLines implements Logger {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[] =
    [];

  debug(): void {}

  info(fields: object, message: string): void {
    this.lines.push({ level: "info", fields, message });
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: "warn", fields, message });
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: "error", fields, message });
  }

  text(): string {
    return this.lines.map(({ fields, message }) => message + JSON.stringify(fields)).join("\n");
  }
}

export interface BackedUpServer extends TestFreshet {
  readonly log: LogLines;
  copiedRows(): number;
  /** Resolves when one more whole backup than now has been made. */
  backedUp(): Promise<void>;
}

/** A server that makes backups, in storage that is gone when it stops; and where they are. */
export class BackupBench {
  readonly directory: string;
  readonly #running: BackedUpServer[] = [];

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<BackupBench> {
    return new BackupBench(await mkdtemp(join(tmpdir(), "freshet-backup-")));
  }

  get location(): string {
    return pathToFileURL(this.directory).href;
  }

  async start(
    upstreamUrl: string,
    options: {
      readonly replica?: string | null;
      readonly intervalMs?: number;
      readonly keep?: number;
      readonly location?: string | null;
      readonly storageDir?: string;
      readonly log?: LogLines;
    } = {},
  ): Promise<BackedUpServer> {
    const { replica = "s1", intervalMs = 3_600_000, keep = 3 } = options;
    const location = options.location === undefined ? this.location : options.location;
    const { log = new LogLines() } = options;
    let copied = 0;
    const freshet = await startFreshet({
      upstreamUrl,
      deployment: "backup",
      logger: log,
      ...(options.storageDir === undefined ? {} : { storageDir: options.storageDir }),
      engine: {
        replica,
        backup: location === null ? null : { location, intervalMs, keep },
        metrics: { ...noMetrics, copiedRows: (rows) => (copied += rows) },
      },
    });
    const server: BackedUpServer = {
      ...freshet,
      url: (database) => freshet.url(database),
      log,
      copiedRows: () => copied,
      async backedUp() {
        const before = freshet.engine.status().backup?.made ?? 0;
        await eventually(() => {
          const backup = freshet.engine.status().backup;
          if ((backup?.made ?? 0) <= before) {
            return Promise.reject(new Error(`no backup: ${JSON.stringify(backup)}`));
          }
          return Promise.resolve();
        });
      },
      stop: async (how) => {
        const index = this.#running.indexOf(server);
        if (index >= 0) this.#running.splice(index, 1);
        await freshet.stop(how);
      },
    };
    this.#running.push(server);
    return server;
  }

  /** Stored files, relative to the location, oldest backup first. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(this.directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.directory.length + 1))
      .sort();
  }

  async manifests(): Promise<readonly Manifest[]> {
    const names = (await this.files()).filter((name) => name.endsWith(MANIFEST));
    const texts = names.map((name) => readFile(join(this.directory, name), "utf8"));
    return (await Promise.all(texts)).map((text) => JSON.parse(text) as Manifest);
  }

  async overwrite(name: string, change: (content: Buffer) => Buffer): Promise<void> {
    const path = join(this.directory, name);
    await writeFile(path, change(await readFile(path)));
  }

  async end(): Promise<void> {
    for (const server of [...this.#running]) await server.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
