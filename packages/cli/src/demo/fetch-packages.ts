import { execFile } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianMirror } from "./debian-mirror.ts";

const run = promisify(execFile);

export interface PackageSet {
  /** `own`: the machine's own release; otherwise a suite of the machine's own mirror. */
  readonly suite: "own" | "sid" | "bullseye";
  /** Unpacked with everything they depend on, down to the C library. */
  readonly packages: readonly string[];
  /** Unpacked without what they depend on. */
  readonly alone: readonly string[];
}

/** Not needed to run a program. */
const LEFT_OUT = ["doc", "man", "locale", "perl", "gdb", "lintian", "info"];

/**
 * Downloads Debian packages and unpacks them into `root`, with apt and dpkg-deb as they are but
 * with state of their own: nothing on the machine is installed or changed, and no privilege is
 * needed. Signatures are checked as apt is configured to.
 */
export async function fetchPackages(root: string, set: PackageSet): Promise<void> {
  const apt = `${root}.apt`;
  let updating = "";
  try {
    const options = await privateApt(apt, set.suite);
    const archives = join(apt, "cache", "archives");
    // A source of the machine that does not answer is a warning only: others may be enough.
    updating = await aptGet([...options, "update"], archives);
    if (set.packages.length > 0) {
      const install = ["install", "--yes", "--download-only", "--no-install-recommends"];
      await aptGet([...options, ...install, ...set.packages], archives);
    }
    if (set.alone.length > 0) await aptGet([...options, "download", ...set.alone], archives);
    for (const file of await readdir(archives)) {
      if (file.endsWith(".deb")) await run("dpkg-deb", ["--extract", join(archives, file), root]);
    }
    for (const name of LEFT_OUT) {
      await rm(join(root, "usr", "share", name), { recursive: true, force: true });
    }
  } catch (cause) {
    throw new Error(whyNot(set, cause, updating), { cause });
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
}

/** What it says on standard error. */
async function aptGet(args: readonly string[], cwd: string): Promise<string> {
  const { stderr } = await run("apt-get", ["--quiet=2", ...args], {
    cwd,
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stderr;
}

/** Options that give apt lists, cache and an empty status file of its own below `directory`. */
async function privateApt(directory: string, suite: PackageSet["suite"]): Promise<string[]> {
  const lists = join(directory, "state", "lists", "partial");
  const archives = join(directory, "cache", "archives", "partial");
  const parts = join(directory, "sources");
  await rm(directory, { recursive: true, force: true });
  for (const path of [lists, archives, parts]) await mkdir(path, { recursive: true });
  const status = join(directory, "status");
  await writeFile(status, "");
  const settings = [
    `Dir::State=${join(directory, "state")}`,
    `Dir::State::status=${status}`,
    `Dir::Cache=${join(directory, "cache")}`,
    // Preferences of the machine speak of its own release.
    "Dir::Etc::preferences=/dev/null",
    "Dir::Etc::preferencesparts=/dev/null",
    "APT::Default-Release=",
    // The directories are ours alone and may lie where apt's own account cannot go.
    "APT::Sandbox::User=",
    "Debug::NoLocking=true",
    "Acquire::Languages=none",
    "Acquire::Retries=3",
  ];
  if (suite !== "own") {
    const mirror = await debianMirror();
    if (mirror === null) throw new Error("apt's configuration names no mirror of Debian");
    const lines = [`Types: deb`, `URIs: ${mirror.uri}`, `Suites: ${suite}`, `Components: main`];
    if (mirror.signedBy !== null) lines.push(`Signed-By: ${mirror.signedBy}`);
    await writeFile(join(parts, "private.sources"), `${lines.join("\n")}\n`);
    settings.push("Dir::Etc::sourcelist=/dev/null", `Dir::Etc::sourceparts=${parts}`);
  }
  return settings.flatMap((setting) => ["-o", setting]);
}

function whyNot(set: PackageSet, cause: unknown, updating: string): string {
  const { code, stderr, message } = cause as { code?: unknown; stderr?: string; message?: string };
  const said = (text: string | undefined, start: string): string | undefined =>
    text?.split("\n").find((line) => line.startsWith(start));
  const reason =
    code === "ENOENT"
      ? "apt-get or dpkg-deb is missing"
      : (said(updating, "W:") ?? said(stderr, "E:") ?? message ?? String(cause));
  const where = set.suite === "own" ? "the machine's own release" : `Debian's suite ${set.suite}`;
  return (
    `the packages ${[...set.packages, ...set.alone].join(", ")} could not be had from ${where} ` +
    `with apt-get (${reason.trim()}): a Debian machine whose apt reaches its mirror is needed, ` +
    `once; what it fetched is kept`
  );
}
