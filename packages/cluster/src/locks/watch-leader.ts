import type { Leader } from "../contract.ts";
import type { LockEntry, LockStore } from "./lock-store.ts";

/** Tells who holds the lock of a region, now and after every change. */
export function watchLock(
  store: LockStore,
  key: string,
  region: string,
  handler: (leader: Leader | null) => void,
  signal: AbortSignal,
): void {
  let last: string | null = null;
  store.watch(
    key,
    (entry) => {
      const leader = leaderOf(entry, region);
      const text = JSON.stringify(leader);
      if (text === last || signal.aborted) return;
      last = text;
      handler(leader);
    },
    signal,
  );
}

function leaderOf({ session, value }: LockEntry, region: string): Leader | null {
  if (session === null || value === null) return null;
  return { name: value.name, region, term: value.token, addresses: value.addresses ?? {} };
}
