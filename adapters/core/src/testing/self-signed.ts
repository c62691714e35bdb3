import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SelfSigned {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate for localhost and its key, as PEM; `options` are openssl's. */
export function selfSigned(...options: readonly string[]): SelfSigned {
  const directory = mkdtempSync(join(tmpdir(), "freshet-tls-"));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-keyout", key, "-out", cert, ...options],
    ],
    { stdio: "ignore" },
  );
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  rmSync(directory, { recursive: true });
  return pair;
}
