import type { LockEntry, LockStore, LockValue } from "../locks/lock-store.ts";
import type { LocalSpace } from "./local-space.ts";

/** Locks within the process; the session is there until it is ended. */
export class LocalLocks implements LockStore {
  readonly #space: LocalSpace;
  readonly #handlers: (() => void)[] = [];
  #session: string | null;

  constructor(space: LocalSpace, session: string) {
    this.#space = space;
    this.#session = session;
  }

  get session(): string | null {
    return this.#session;
  }

  onSession(handler: () => void): void {
    this.#handlers.push(handler);
  }

  async read(key: string): Promise<LockEntry> {
    return this.#space.lock(key);
  }

  watch(key: string, handler: (entry: LockEntry) => void, signal: AbortSignal): void {
    this.#space.watch(() => this.#space.lock(key), handler, signal);
  }

  async acquire(key: string, value: LockValue, seen: LockEntry): Promise<boolean> {
    return this.#session !== null && this.#space.acquire(key, this.#session, value, seen);
  }

  async release(key: string): Promise<void> {
    if (this.#session !== null) this.#space.release(key, this.#session);
  }

  async endSession(session: string): Promise<void> {
    this.#space.endSession(session);
  }

  /** Ends this one's own session. */
  end(): void {
    const session = this.#session;
    this.#session = null;
    if (session !== null) this.#space.endSession(session);
    for (const handler of this.#handlers) handler();
  }
}
