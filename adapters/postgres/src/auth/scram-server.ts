import { createHmac, randomBytes } from "node:crypto";
import { ProtocolViolation } from "@freshet/pg-wire";
import {
  equalBytes,
  hmac,
  saltedPassword,
  SCRAM_ITERATIONS,
  scramAttributes,
  type ScramKeys,
  scramKeys,
  sha256,
  xor,
} from "./scram-crypto.ts";

export const SCRAM = "SCRAM-SHA-256";
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";

/** Salts must not tell which users exist: they all derive from one secret of this process. */
const saltSecret = randomBytes(32);
const keysByLogin = new Map<string, ScramKeys>();
const KEYS_LIMIT = 10_000;

function saltOf(user: string): Buffer {
  return createHmac("sha256", saltSecret).update(user, "utf8").digest().subarray(0, 16);
}

/** The costly derivation happens once per user and password. */
async function keysOf(user: string, password: string): Promise<ScramKeys> {
  const login = `${user}\0${password}`;
  const known = keysByLogin.get(login);
  if (known !== undefined) return known;
  const keys = scramKeys(await saltedPassword(password, saltOf(user), SCRAM_ITERATIONS));
  if (keysByLogin.size >= KEYS_LIMIT) keysByLogin.clear();
  keysByLogin.set(login, keys);
  return keys;
}

/** As costly as a real derivation the first time, so that time does not tell either. */
function mockKeys(user: string): Promise<ScramKeys> {
  return keysOf(user, saltSecret.toString("hex"));
}

export interface ScramServerOptions {
  readonly user: string;
  /** Null for a user who does not exist: the dialog runs to its end and fails there. */
  readonly password: string | null;
  /** `tls-server-end-point` data when we terminate TLS; null without. */
  readonly channelBinding: Buffer | null;
  readonly plus: boolean;
}

/** Server side of one SCRAM exchange: client-first → server-first, client-final → server-final. */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #gs2Header = "";
  #clientFirstBare = "";
  #serverFirst = "";
  #nonce = "";

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** Throws ProtocolViolation as Postgres words it. */
  first(clientFirst: string): string {
    const match = /^([nyp][^,]*),([^,]*),(.*)$/s.exec(clientFirst);
    if (match === null) throw malformed("Unexpected channel-binding flag.");
    const [, flag = "", authorization = "", bare = ""] = match;
    if (flag.startsWith("p")) {
      if (!this.#options.plus)
        throw malformed(
          "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.",
        );
      if (flag !== "p=tls-server-end-point")
        throw malformed(`unsupported SCRAM channel-binding type "${flag.slice(2)}"`);
    } else {
      if (this.#options.plus)
        throw malformed(
          "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.",
        );
      if (flag !== "n" && flag !== "y") throw malformed("Unexpected channel-binding flag.");
      if (flag === "y" && this.#options.channelBinding !== null) {
        throw new ProtocolViolation("SCRAM channel binding negotiation error", "28000");
      }
    }
    if (authorization !== "") {
      throw new ProtocolViolation(
        "client uses authorization identity, but it is not supported",
        "0A000",
      );
    }
    const attributes = scramAttributes(bare);
    if (attributes.has("m"))
      throw new ProtocolViolation("client requires an unsupported SCRAM extension", "0A000");
    const clientNonce = attributes.get("r") ?? "";
    if (!attributes.has("n") || !/^[\x21-\x2b\x2d-\x7e]+$/.test(clientNonce))
      throw malformed("non-printable characters in SCRAM nonce");
    this.#gs2Header = `${flag},,`;
    this.#clientFirstBare = bare;
    this.#nonce = clientNonce + randomBytes(18).toString("base64");
    const salt = saltOf(this.#options.user).toString("base64");
    this.#serverFirst = `r=${this.#nonce},s=${salt},i=${SCRAM_ITERATIONS}`;
    return this.#serverFirst;
  }

  /** The server-final message, or null when the password was wrong. */
  async final(clientFinal: string): Promise<string | null> {
    const proofAt = clientFinal.lastIndexOf(",p=");
    if (proofAt === -1) throw malformed("missing proof");
    const attributes = scramAttributes(clientFinal.slice(0, proofAt));
    const binding = Buffer.concat([
      Buffer.from(this.#gs2Header, "utf8"),
      ...(this.#options.plus && this.#options.channelBinding !== null
        ? [this.#options.channelBinding]
        : []),
    ]).toString("base64");
    if (attributes.get("c") !== binding) {
      throw new ProtocolViolation("SCRAM channel binding check failed", "28000");
    }
    if (attributes.get("r") !== this.#nonce) throw malformed("Nonce does not match.");
    const password = this.#options.password;
    const keys = await (password === null
      ? mockKeys(this.#options.user)
      : keysOf(this.#options.user, password));
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${clientFinal.slice(0, proofAt)}`;
    const proof = Buffer.from(clientFinal.slice(proofAt + 3), "base64");
    if (proof.length !== 32) throw malformed("Malformed proof in client-final-message.");
    const clientKey = xor(proof, hmac(keys.storedKey, authMessage));
    if (!equalBytes(sha256(clientKey), keys.storedKey) || password === null) return null;
    return `v=${hmac(keys.serverKey, authMessage).toString("base64")}`;
  }
}

function malformed(detail: string): ProtocolViolation {
  return new ProtocolViolation(`malformed SCRAM message (${detail})`);
}
