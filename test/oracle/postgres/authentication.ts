import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client, written apart from the product's own. */
export class ScramExchange {
  readonly #password: string;
  readonly #nonce = randomBytes(18).toString("base64");

  constructor(password: string) {
    this.#password = password;
  }

  get #bare(): string {
    return `n=,r=${this.#nonce}`;
  }

  first(): string {
    return `n,,${this.#bare}`;
  }

  final(serverFirst: string): string {
    const fields = new Map(serverFirst.split(",").map((part) => [part[0], part.slice(2)]));
    const salt = Buffer.from(fields.get("s") ?? "", "base64");
    const rounds = Number(fields.get("i"));
    const salted = pbkdf2Sync(this.#password, salt, rounds, 32, "sha256");
    const clientKey = createHmac("sha256", salted).update("Client Key").digest();
    const storedKey = createHash("sha256").update(clientKey).digest();
    const withoutProof = `c=biws,r=${fields.get("r") ?? ""}`;
    const signed = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = createHmac("sha256", storedKey).update(signed).digest();
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
    return `${withoutProof},p=${proof.toString("base64")}`;
  }
}
