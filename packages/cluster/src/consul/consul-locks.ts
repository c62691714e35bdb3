import type { LockEntry, LockStore, LockValue } from "../locks/lock-store.ts";
import type { ConsulClient } from "./consul-client.ts";
import { type KvEntry, readKv, transact } from "./kv-entry.ts";
import type { Session } from "./session.ts";

export type WatchKv = (
  key: string,
  handler: (entry: KvEntry | null) => void,
  signal: AbortSignal,
) => void;

/** Locks as KV entries that a session holds. */
export class ConsulLocks implements LockStore {
  readonly #client: ConsulClient;
  readonly #session: Session;
  readonly #watchKv: WatchKv;

  constructor(client: ConsulClient, session: Session, watchKv: WatchKv) {
    this.#client = client;
    this.#session = session;
    this.#watchKv = watchKv;
  }

  get session(): string | null {
    return this.#session.id;
  }

  onSession(handler: () => void): void {
    this.#session.onChange(handler);
  }

  async read(key: string): Promise<LockEntry> {
    return lockEntryOf((await readKv(this.#client, key)).data);
  }

  watch(key: string, handler: (entry: LockEntry) => void, signal: AbortSignal): void {
    this.#watchKv(key, (entry) => handler(lockEntryOf(entry)), signal);
  }

  async acquire(key: string, value: LockValue, seen: LockEntry): Promise<boolean> {
    const session = this.#session.id;
    if (session === null) return false;
    const result = await transact(this.#client, [
      seen.index === 0
        ? { verb: "check-not-exists", key }
        : { verb: "check-index", key, index: seen.index },
      { verb: "lock", key, session, value: encode(value) },
    ]);
    // Another one was first, or our session has ended.
    if (result.kind === "failed") this.#session.check();
    return result.kind === "done";
  }

  async release(key: string, value: LockValue): Promise<void> {
    const session = this.#session.id;
    if (session === null) return;
    // Unlocking writes the value too: only our own lock and value, by the check of the session.
    await transact(this.#client, [
      { verb: "check-session", key, session },
      { verb: "unlock", key, session, value: encode(value) },
    ]);
  }

  async endSession(session: string): Promise<void> {
    // It ends by itself too, only later.
    await this.#session.destroy(session).catch(() => undefined);
  }
}

export function lockEntryOf(entry: KvEntry | null): LockEntry {
  if (entry === null) return { index: 0, session: null, value: null };
  return { index: entry.modifyIndex, session: entry.session, value: decode(entry.value) };
}

function encode(value: LockValue): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function decode(bytes: Buffer): LockValue | null {
  try {
    const value = JSON.parse(bytes.toString()) as Partial<LockValue> | null;
    const { token, instance, name } = value ?? {};
    if (typeof token !== "number" || typeof instance !== "string") return null;
    return typeof name === "string" ? (value as LockValue) : null;
  } catch {
    return null;
  }
}
