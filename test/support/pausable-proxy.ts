import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";

/** COM_BINLOG_DUMP and COM_BINLOG_DUMP_GTID: the first byte of a command's payload. */
const BINLOG_COMMANDS = new Set([0x12, 0x1e]);
const HEADER_BYTES = 4;

/**
 * Stands in front of a MySQL server and can hold back what it sends to those who follow its
 * binary log: connections stand, but nothing comes.
 */
export class PausableProxy {
  readonly #server: Server;
  readonly #followed = new Set<Socket>();
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(upstreamPort: number): Promise<PausableProxy> {
    const server = createServer();
    const proxy = new PausableProxy(server);
    server.on("connection", (client) => proxy.#carry(client, upstreamPort));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  pause(): void {
    for (const upstream of this.#followed) upstream.pause();
  }

  resume(): void {
    for (const upstream of this.#followed) upstream.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(client: Socket, upstreamPort: number): void {
    const upstream = connect(upstreamPort, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => {
        other.destroy();
        this.#sockets.delete(one);
        this.#followed.delete(upstream);
      });
    }
    client.on("data", (bytes) => {
      const command = bytes[HEADER_BYTES] ?? 0;
      if (bytes[HEADER_BYTES - 1] === 0 && BINLOG_COMMANDS.has(command)) {
        this.#followed.add(upstream);
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => client.write(bytes));
  }
}
