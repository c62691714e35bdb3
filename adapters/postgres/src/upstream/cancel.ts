import { cancelRequest } from "@freshet/pg-wire";
import { openSocket } from "./open-socket.ts";
import type { UpstreamAddress } from "./url.ts";

const CANCEL_TIMEOUT_MS = 10_000;

/**
 * Sends a CancelRequest and waits until the upstream closes, which it does once the signal is
 * on its way. Never rejects: a cancel that cannot be delivered is lost, as the protocol allows.
 */
export async function cancelUpstream(address: UpstreamAddress, key: Buffer): Promise<void> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), CANCEL_TIMEOUT_MS);
  try {
    const socket = await openSocket(address, timeout.signal);
    await new Promise<void>((resolve) => {
      socket.once("close", resolve);
      socket.on("error", () => undefined);
      timeout.signal.addEventListener("abort", () => socket.destroy());
      socket.resume();
      socket.end(cancelRequest(key));
    });
  } catch {
    // Lost, see above.
  } finally {
    clearTimeout(timer);
  }
}
