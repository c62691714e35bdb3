import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Paths of PEM files. */
export interface ConsulCertificates {
  readonly ca: string;
  /** For `localhost` and 127.0.0.1. */
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** A certificate authority of its own and what it certified, made with Consul itself. */
export async function createConsulCertificates(
  consul: string,
  directory: string,
): Promise<ConsulCertificates> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const args of [
    ["ca", "create"],
    ["cert", "create", "-server"],
    ["cert", "create", "-client"],
  ]) {
    await run(consul, ["tls", ...args], { cwd: directory });
  }
  return {
    ca: join(directory, "consul-agent-ca.pem"),
    serverCert: join(directory, "dc1-server-consul-0.pem"),
    serverKey: join(directory, "dc1-server-consul-0-key.pem"),
    clientCert: join(directory, "dc1-client-consul-0.pem"),
    clientKey: join(directory, "dc1-client-consul-0-key.pem"),
  };
}
