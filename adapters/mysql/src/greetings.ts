import { CACHING_SHA2_PASSWORD, type Handshake, NATIVE_PASSWORD } from "@freshet/mysql-wire";
import { probeText } from "./probe.ts";

/** What every client is told of the server before it has said anything. */
export type ServerFace = Pick<
  Handshake,
  "serverVersion" | "capabilities" | "charset" | "status"
> & { readonly plugin: string };

/**
 * The upstream's greeting as last seen: each connection brings it again, so an upgraded server
 * is shown as soon as anybody reaches it.
 */
export class Greetings {
  readonly #ask: () => Promise<unknown>;
  #face: ServerFace | null = null;
  #asking: Promise<unknown> | null = null;
  #probe = probeText(false);
  isMariadb = false;

  /** `ask` makes some connection, whose greeting comes in by `saw`. */
  constructor(ask: () => Promise<unknown>) {
    this.#ask = ask;
  }

  /** The text of the probe for this server. */
  get probe(): string {
    return this.#probe;
  }

  saw(greeting: Handshake): void {
    const isMariadb = /mariadb/i.test(greeting.serverVersion);
    this.isMariadb = isMariadb;
    this.#face = {
      serverVersion: greeting.serverVersion,
      capabilities: greeting.capabilities,
      charset: greeting.charset,
      status: greeting.status,
      plugin: isMariadb ? NATIVE_PASSWORD : CACHING_SHA2_PASSWORD,
    };
    this.#probe = probeText(isMariadb);
  }

  /** Rejects, as `ask` does, while no server has ever been seen and none can be reached. */
  async face(): Promise<ServerFace> {
    if (this.#face !== null) return this.#face;
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    try {
      await this.#asking;
    } catch (error) {
      // A refused login has shown the greeting all the same.
      if ((this.#face as ServerFace | null) === null) throw error;
    }
    if (this.#face === null) throw new Error("the upstream closed without a greeting");
    return this.#face;
  }
}
