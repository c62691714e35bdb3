import { readFile } from "node:fs/promises";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import type { ConsulCertificates } from "./consul-certificates.ts";

const TIMEOUT_MS = 1_000;

/** Whether it has elected itself and answers consistent reads. */
export async function isConsulReady(
  port: number,
  token: string,
  certificates: ConsulCertificates | null,
): Promise<boolean> {
  const request = {
    host: "127.0.0.1",
    port,
    path: "/v1/kv/ready?consistent",
    headers: token === "" ? {} : { "x-consul-token": token },
    timeout: TIMEOUT_MS,
    agent: false,
  } as const;
  const files = certificates === null ? null : await pem(certificates);
  return new Promise((resolve) => {
    const asked = files === null ? httpGet(request) : httpsGet({ ...request, ...files });
    asked.on("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200 || response.statusCode === 404);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
    asked.on("close", () => resolve(false));
  });
}

async function pem(files: ConsulCertificates): Promise<{ ca: string; cert: string; key: string }> {
  const [ca = "", cert = "", key = ""] = await Promise.all(
    [files.ca, files.clientCert, files.clientKey].map((file) => readFile(file, "utf8")),
  );
  return { ca, cert, key };
}
