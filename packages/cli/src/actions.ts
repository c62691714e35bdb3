import { rm } from "node:fs/promises";
import { createLogger } from "@freshet/telemetry";
import { dialectOf, localFiles } from "@freshet/server";
import { systemClock } from "@freshet/util";
import { memberName } from "./separate/plan.ts";
import { type CombinedConfig, upstreamUrlOf } from "./start/configure.ts";

type Print = (line: string) => void;

/** `--verify`: prints every finding; true when all is well. */
export async function verify(config: CombinedConfig, print: Print): Promise<boolean> {
  const upstream = createUpstream(config);
  try {
    const findings = await upstream.verify();
    for (const { ok, check, message } of findings) {
      print(`${ok ? "ok  " : "FAIL"} ${check}: ${message}`);
    }
    const failed = findings.filter((finding) => !finding.ok).length;
    print(failed === 0 ? "This database can be cached." : `${failed} to mend before caching.`);
    return failed === 0;
  } finally {
    await upstream.close();
  }
}

/** `--cleanup`: removes what this deployment made upstream and here; prints what was removed. */
export async function cleanup(config: CombinedConfig, print: Print): Promise<void> {
  const upstream = createUpstream(config);
  try {
    for (const removed of await upstream.cleanup()) print(`removed ${removed}`);
  } finally {
    await upstream.close();
  }
  for (const path of Object.values(
    localFiles(config.storageDir, config.deployment, replicaOf(config)),
  )) {
    await rm(path, { recursive: true, force: true });
    print(`removed ${path}`);
  }
}

/** A server that is one of several has its own of everything. */
function replicaOf(config: CombinedConfig): string | null {
  return config.role === "combined" ? null : memberName(config);
}

function createUpstream(
  config: CombinedConfig,
): ReturnType<ReturnType<typeof dialectOf>["createUpstream"]> {
  const url = upstreamUrlOf(config);
  return dialectOf(url).createUpstream({
    url,
    deployment: config.deployment,
    replica: replicaOf(config),
    disableSetup: config.disableSetupDdlReplication,
    logger: createLogger({ level: config.logLevel, format: config.logFormat }),
    clock: systemClock,
  });
}
