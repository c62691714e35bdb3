import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";

const bin = join(import.meta.dirname, "..", "bin", "freshet.js");

/** A Node outside of node_modules, as a user's shell finds it: often an older one. */
function systemNode(): string {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const found = directories
    .filter((directory) => !directory.includes("node_modules"))
    .map((directory) => join(directory, "node"))
    .find((path) => existsSync(path));
  return found ?? process.execPath;
}

async function end(
  child: ChildProcess,
): Promise<{ code: number | null; out: string; err: string }> {
  let out = "";
  let err = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

function start(...args: string[]): ChildProcess {
  return spawn(systemNode(), [bin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
}

describe("the command, started with the system's Node", () => {
  it("prints help and ends with 0", async () => {
    const { code, out } = await end(start("--help"));
    expect(code).toBe(0);
    expect(out).toContain("--upstream-db-url <url>");
  });

  it("says one sentence about a wrong option and ends with 1", async () => {
    const { code, out, err } = await end(start("--upstream-url", "x"));
    expect({ code, out, err }).toEqual({
      code: 1,
      out: "",
      err: "freshet: Unknown option --upstream-url: did you mean --upstream-db-url?\n",
    });
  });
});
