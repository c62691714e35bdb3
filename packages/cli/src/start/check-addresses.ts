import { createServer } from "node:net";
import type { Address } from "@freshet/config";
import { listenError } from "@freshet/telemetry";

/**
 * Throws ConfigurationError when an address cannot be listened on. The adapter threads share
 * their port, and would silently share it with another process too; this probe asks for it alone.
 */
export async function checkAddresses(option: string, addresses: readonly Address[]): Promise<void> {
  for (const address of addresses) {
    if (address.port === 0) continue;
    await new Promise<void>((resolve, reject) => {
      const server = createServer();
      server.once("error", (error: NodeJS.ErrnoException) => {
        reject(listenError(option, address, error));
      });
      server.listen({ host: address.host, port: address.port, exclusive: true }, () => {
        server.close(() => resolve());
      });
    });
  }
}
