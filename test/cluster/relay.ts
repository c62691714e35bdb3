import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** Carries TCP from an address of the bridge to a service that listens on loopback only. */
export class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `target`: `host:port`. */
  static async start(host: string, target: string): Promise<Relay> {
    const [targetHost, targetPort] = target.split(":");
    const server = createServer({ allowHalfOpen: true });
    const relay = new Relay(server);
    server.on("connection", (client) => {
      const service = connect({
        ...{ host: targetHost!, port: Number(targetPort), allowHalfOpen: true },
      });
      for (const [one, other] of [
        [client, service],
        [service, client],
      ] as const) {
        relay.#sockets.add(one);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          other.destroy();
          relay.#sockets.delete(one);
        });
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    return relay;
  }

  /** `host:port`. */
  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
