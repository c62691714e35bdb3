import {
  AUTH_PACKET,
  authMoreData,
  CACHING_SHA2,
  CACHING_SHA2_PASSWORD,
  cachingSha2Response,
  CLEAR_PASSWORD,
  clearPassword,
  encryptPassword,
  NATIVE_PASSWORD,
  nativeResponse,
  parseAuthSwitchRequest,
  SCRAMBLE_BYTES,
  SHA256_REQUEST_PUBLIC_KEY,
} from "@freshet/mysql-wire";
import { OperationalError } from "@freshet/util";
import type { PacketDialog } from "../packet-dialog.ts";

const SHA256_PASSWORD = "sha256_password";

/** Proves to the upstream that we know the password, in whatever way it asks. */
export class PasswordAnswer {
  readonly #password: string | null;
  /** TLS or a unix socket: the password itself may be sent. */
  readonly #secure: boolean;
  #plugin: string;
  #scramble: Buffer;

  constructor(password: string | null, secure: boolean, plugin: string, scramble: Buffer) {
    this.#password = password;
    this.#secure = secure;
    this.#scramble = scramble;
    this.#plugin = plugin === CACHING_SHA2_PASSWORD ? plugin : NATIVE_PASSWORD;
  }

  /** What the handshake response names; the server switches if the account wants another. */
  get plugin(): string {
    return this.#plugin;
  }

  first(): Buffer {
    const password = this.#password ?? "";
    return this.#plugin === CACHING_SHA2_PASSWORD
      ? cachingSha2Response(password, this.#scramble)
      : nativeResponse(password, this.#scramble);
  }

  /**
   * Answers until the server says OK or ERR; resolves with that payload. Throws
   * OperationalError for a method we do not have.
   */
  async run(dialog: PacketDialog): Promise<Buffer> {
    for (;;) {
      const payload = await dialog.receive();
      switch (payload[0]) {
        case AUTH_PACKET.ok:
        case AUTH_PACKET.error:
          return payload;
        case AUTH_PACKET.authSwitch:
          this.#switch(dialog, payload);
          break;
        case AUTH_PACKET.moreData:
          this.#more(dialog, payload);
          break;
        default:
          throw new OperationalError("the upstream asks for more than one factor to log in");
      }
    }
  }

  #switch(dialog: PacketDialog, payload: Buffer): void {
    const { plugin, data } = parseAuthSwitchRequest(payload, 0, payload.length);
    const password = this.#password ?? "";
    this.#plugin = plugin;
    this.#scramble = data.subarray(0, SCRAMBLE_BYTES);
    switch (plugin) {
      case NATIVE_PASSWORD:
        return dialog.send(nativeResponse(password, this.#scramble));
      case CACHING_SHA2_PASSWORD:
        return dialog.send(cachingSha2Response(password, this.#scramble));
      case CLEAR_PASSWORD:
        return dialog.send(this.#clear());
      case SHA256_PASSWORD:
        if (password === "") return dialog.send(Buffer.from([0]));
        return dialog.send(this.#secure ? this.#clear() : Buffer.from([SHA256_REQUEST_PUBLIC_KEY]));
      default:
        throw new OperationalError(
          `the upstream asks for authentication by ${plugin}, which is not supported`,
        );
    }
  }

  #clear(): Buffer {
    if (!this.#secure) {
      throw new OperationalError("the upstream asks for a clear password without TLS");
    }
    return clearPassword(this.#password ?? "");
  }

  #more(dialog: PacketDialog, payload: Buffer): void {
    const password = this.#password ?? "";
    if (payload[1] === CACHING_SHA2.fastAuthSuccess && payload.length === 2) return;
    if (payload[1] === CACHING_SHA2.performFullAuthentication && payload.length === 2) {
      if (this.#secure) dialog.send(this.#clear());
      else dialog.send(Buffer.from([CACHING_SHA2.requestPublicKey]));
      return;
    }
    const key = payload.toString("latin1", 1);
    if (!key.includes("PUBLIC KEY")) {
      throw new OperationalError(`the upstream broke the ${this.#plugin} dialog`);
    }
    dialog.send(encryptPassword(password, this.#scramble, key));
  }
}

/** Fast authentication succeeded; the OK follows. */
export const FAST_AUTH_SUCCESS = authMoreData(Buffer.from([CACHING_SHA2.fastAuthSuccess]));
