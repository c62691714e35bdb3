import { execFile } from "node:child_process";
import { chmod, mkdir, open, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached, findCached } from "./download-cache.ts";
import { type PackageSet, fetchPackages } from "./fetch-packages.ts";

const run = promisify(execFile);

export interface ProgramSet extends PackageSet {
  /** Answers `versionOption`, `--version` if absent; `php` stands for `php8.2` too. */
  readonly main: string;
  readonly versionOption?: string;
}

const PROGRAMS = {
  mysql: {
    suite: "sid",
    packages: ["mysql-server-core", "mysql-client-core"],
    alone: [],
    main: "mysqld",
  },
  mariadb: {
    suite: "own",
    packages: ["mariadb-server-core", "mariadb-client-core"],
    // For mariadb-dump and for the server's plugins.
    alone: ["mariadb-client", "mariadb-server"],
    main: "mariadbd",
  },
  sysbench: { suite: "own", packages: ["sysbench"], alone: [], main: "sysbench" },
  haproxy: {
    suite: "own",
    packages: ["haproxy"],
    alone: [],
    main: "haproxy",
    versionOption: "-v",
  },
  // The last release of Debian that has it; it needs no library but the machine's C library.
  consul: { suite: "bullseye", packages: [], alone: ["consul"], main: "consul" },
} as const satisfies Record<string, ProgramSet>;

export type ProgramName = keyof typeof PROGRAMS;

export interface Programs {
  /** The unpacked packages, as they would lie below `/`. */
  readonly root: string;
  /** Scripts, one for each program of the packages, that run it with its own C library. */
  readonly binDir: string;
  /** E.g. `9.7.4`. */
  readonly version: string;
}

/** Whether `fetchPrograms` needs no network. */
export async function haveProgram(name: ProgramName): Promise<boolean> {
  return (await findCached(name)) !== null;
}

/** The programs of a server or tool, downloaded the first time and kept in the user's cache. */
export async function fetchPrograms(name: ProgramName): Promise<Programs> {
  return fetchProgramSet(name, PROGRAMS[name]);
}

/** The same for programs of others, e.g. of tests; `name` is that of their place in the cache. */
export async function fetchProgramSet(name: string, program: ProgramSet): Promise<Programs> {
  const root = await cached(name, async (directory) => {
    await fetchPackages(directory, program);
    await writeScripts(directory, program.packages.length > 0);
    const bin = join(directory, "bin");
    const option = program.versionOption ?? "--version";
    const { stdout } = await run(join(bin, await mainOf(bin, program)), [option]);
    const version = /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0];
    if (version === undefined) throw new Error(`${program.main} tells no version: ${stdout}`);
    return version;
  });
  const version = root.slice(root.lastIndexOf("-") + 1);
  return { root, binDir: join(root, "bin"), version };
}

async function mainOf(bin: string, { main }: ProgramSet): Promise<string> {
  const names = await list(bin);
  const versioned = names.find(
    (name) => name.startsWith(main) && /^[\d.]+$/.test(name.slice(main.length)),
  );
  return names.includes(main) ? main : (versioned ?? main);
}

/**
 * The packages bring the C library that they were built for, which may be newer than the
 * machine's: every program is started through that library's loader. Packages that were
 * fetched alone bring none and run with the machine's.
 */
async function writeScripts(root: string, bringsLibraries: boolean): Promise<void> {
  const { triplet, loader } = architecture();
  const libraries = ["lib", "usr/lib"].map((directory) => `$r/${directory}/${triplet}`);
  const names = await Promise.all(libraries.map((path) => list(path.replace("$r", root))));
  const holder = libraries[names.findIndex((entries) => entries.includes(loader))];
  if (holder === undefined && bringsLibraries) throw new Error(`the packages have no ${loader}`);
  const withLibraries = `"${holder}/${loader}" --library-path "${libraries.join(":")}" `;
  const bin = join(root, "bin");
  await mkdir(bin, { recursive: true });
  for (const directory of ["usr/sbin", "usr/bin"]) {
    for (const name of await list(join(root, directory))) {
      if (!(await isBinary(join(root, directory, name)))) continue;
      const script = [
        "#!/bin/sh",
        "r=${0%/*}/..",
        // MariaDB's client library, e.g. in sysbench, looks for authentication plugins there.
        `export MARIADB_PLUGIN_DIR="$r/usr/lib/${triplet}/libmariadb3/plugin"`,
        `export LUA_PATH="\${LUA_PATH:-./?.lua};$r/usr/share/sysbench/?.lua"`,
        `exec ${holder === undefined ? "" : withLibraries}"$r/${directory}/${name}" "$@"`,
        "",
      ];
      await writeFile(join(bin, name), script.join("\n"));
      await chmod(join(bin, name), 0o755);
    }
  }
}

/** An ELF file, as against a script. */
async function isBinary(path: string): Promise<boolean> {
  // A link into a package that is not here leads nowhere.
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  await file.close();
  return buffer.toString("latin1") === "\x7fELF";
}

function architecture(): { triplet: string; loader: string } {
  if (process.platform === "linux") {
    if (process.arch === "x64") {
      return { triplet: "x86_64-linux-gnu", loader: "ld-linux-x86-64.so.2" };
    }
    if (process.arch === "arm64") {
      return { triplet: "aarch64-linux-gnu", loader: "ld-linux-aarch64.so.1" };
    }
  }
  throw new Error(`there are no packages for ${process.platform} on ${process.arch}`);
}

async function list(directory: string): Promise<readonly string[]> {
  return readdir(directory).catch(() => []);
}
