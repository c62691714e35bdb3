import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import type { ProcessIdentity } from "./lock-store.ts";

/** This process (proc(5)). Where the system tells too little, no process is ever held to be dead. */
export async function thisProcess(): Promise<ProcessIdentity> {
  const started = await startOf(process.pid);
  return { place: await here(), pid: process.pid, started: started ?? "" };
}

/** `unknown`: it runs, or ran, where we cannot look. */
export async function fateOf(identity: ProcessIdentity): Promise<"alive" | "dead" | "unknown"> {
  if (identity.started === "" || identity.place !== (await here())) return "unknown";
  return (await startOf(identity.pid)) === identity.started ? "alive" : "dead";
}

async function here(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const namespace = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), namespace].join(" ");
}

/** Field 22 of /proc/<pid>/stat; null: there is no such process, or it only waits to be reaped. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return null;
  // The second field, the command, may hold anything; the third one follows its parenthesis.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? null : (fields[19] ?? null);
}
