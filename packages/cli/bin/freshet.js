#!/usr/bin/env node
/**
 * Starts Freshet in a Node that can run it (22.18 or newer: threads that share a port, TypeScript
 * without a build). Plain JavaScript for Node 20. When this Node is too old, one from the npm
 * package `node-<platform>-<arch>` is started as a child; signals and the exit code pass through.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

function newEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** Source in a checkout; the bundle where it was installed (Node strips no types there). */
function mainFile() {
  const source = join(here, "..", "src", "main.ts");
  const bundles = [
    join(here, "..", "dist", "main.js"),
    join(here, "..", "..", "..", "dist", "main.js"),
  ];
  const bundle = bundles.find((path) => existsSync(path));
  const installed = here.split(/[\\/]/).includes("node_modules");
  if (existsSync(source) && !(installed && bundle !== undefined)) return source;
  if (bundle !== undefined) return bundle;
  return null;
}

/** A newer Node among the installed packages, from here upwards. */
function findNode() {
  const platform = `${process.platform}-${process.arch}`;
  const names = [`node-${platform}`, `node-bin-${platform}`];
  for (let directory = here; ; directory = dirname(directory)) {
    const modules = join(directory, "node_modules");
    const packaged = names.map((name) => join(modules, name, "bin", "node"));
    const path = [join(modules, ".bin", "node"), ...packaged].find((one) => existsSync(one));
    if (path !== undefined) return path;
    if (dirname(directory) === directory) return null;
  }
}

function fail(sentence) {
  process.stderr.write(`freshet: ${sentence}\n`);
  process.exit(1);
}

const main = mainFile();
if (main === null) {
  fail("neither src/main.ts nor dist/main.js is there: install Freshet again.");
} else if (newEnough(process.versions.node)) {
  await import(pathToFileURL(main).href);
} else {
  const node = findNode();
  if (node === null || process.env.FRESHET_LAUNCHED === "1") {
    fail(
      `Node ${process.versions.node} is too old and no newer one is installed beside Freshet: ` +
        "run npm ci again, or use Node 22.18 or newer.",
    );
  } else {
    launch(node, main);
  }
}

function launch(node, file) {
  // The channel tells the child when we are gone, however we ended.
  const child = spawn(node, [file, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, FRESHET_LAUNCHED: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.once("error", (error) => fail(`${node} cannot be started: ${error.message}.`));
  child.once("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
