import { randomBytes } from "node:crypto";
import { OperationalError } from "@freshet/util";
import {
  equalBytes,
  hmac,
  saltedPassword,
  SCRAM_ITERATIONS_LIMIT,
  scramAttributes,
  scramKeys,
  xor,
} from "./scram-crypto.ts";

/** Salted passwords of recent logins: the upstream's salt is stable, its derivation costly. */
const saltedByLogin = new Map<string, Buffer>();
const SALTED_LIMIT = 1000;

/** Client side of one SCRAM-SHA-256 exchange; `channelBinding` non-null makes it -PLUS. */
export class ScramClient {
  readonly #password: string;
  readonly #channelBinding: Buffer | null;
  readonly #gs2Header: string;
  readonly #nonce = randomBytes(18).toString("base64");
  #serverSignature: Buffer = Buffer.alloc(0);

  constructor(password: string, channelBinding: Buffer | null) {
    this.#password = password;
    this.#channelBinding = channelBinding;
    this.#gs2Header = channelBinding === null ? "n,," : "p=tls-server-end-point,,";
  }

  first(): string {
    return `${this.#gs2Header}n=,r=${this.#nonce}`;
  }

  /** client-final for this server-first. Throws OperationalError on nonsense. */
  async final(serverFirst: string): Promise<string> {
    const attributes = scramAttributes(serverFirst);
    const nonce = attributes.get("r") ?? "";
    const salt = attributes.get("s") ?? "";
    const iterations = Number(attributes.get("i"));
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length || salt === "") {
      throw new OperationalError("malformed SCRAM message from the upstream");
    }
    if (!Number.isInteger(iterations) || iterations < 1 || iterations > SCRAM_ITERATIONS_LIMIT) {
      throw new OperationalError(`upstream asks for ${attributes.get("i")} SCRAM iterations`);
    }
    const keys = scramKeys(await this.#salted(salt, iterations));
    const binding = Buffer.concat([
      Buffer.from(this.#gs2Header, "utf8"),
      this.#channelBinding ?? Buffer.alloc(0),
    ]).toString("base64");
    const withoutProof = `c=${binding},r=${nonce}`;
    const authMessage = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    const proof = xor(keys.clientKey, hmac(keys.storedKey, authMessage));
    this.#serverSignature = hmac(keys.serverKey, authMessage);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /** Throws when the server does not know the password either. */
  verify(serverFinal: string): void {
    const signature = Buffer.from(scramAttributes(serverFinal).get("v") ?? "", "base64");
    if (!equalBytes(signature, this.#serverSignature)) {
      throw new OperationalError("the upstream's SCRAM signature is wrong");
    }
  }

  async #salted(salt: string, iterations: number): Promise<Buffer> {
    const login = `${iterations}:${salt}:${this.#password}`;
    const known = saltedByLogin.get(login);
    if (known !== undefined) return known;
    const salted = await saltedPassword(this.#password, Buffer.from(salt, "base64"), iterations);
    if (saltedByLogin.size >= SALTED_LIMIT) saltedByLogin.clear();
    saltedByLogin.set(login, salted);
    return salted;
  }
}
