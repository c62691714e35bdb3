import type { StreamHandler } from "../replication/contract.ts";

/** What a stream says after its end is said again by the next one: it must not come twice. */
export function whileOpen(handler: StreamHandler, ended: AbortSignal): StreamHandler {
  const open = (work: () => void): void => {
    if (!ended.aborted) work();
  };
  return {
    transaction: (transaction) => ended.aborted || handler.transaction(transaction),
    progress: (position) => open(() => handler.progress(position)),
    schemaChange: (tables) => open(() => handler.schemaChange(tables)),
    accessChange: () => open(() => handler.accessChange()),
    onReady: (callback) => handler.onReady(callback),
  };
}
