import { type Clock, ConfigurationError, type Logger } from "@freshet/util";
import { AuthorityUnavailable } from "../contract.ts";
import { Wake } from "../wake.ts";
import {
  type LockEntry,
  type LockStore,
  type LockValue,
  type ProcessIdentity,
  nextToken,
} from "./lock-store.ts";
import { fateOf } from "./process-identity.ts";

export interface NameOwnershipOptions {
  readonly store: LockStore;
  readonly key: string;
  readonly name: string;
  readonly instance: string;
  readonly process: ProcessIdentity;
  /** How long the lock of a process that died may outlive it. */
  readonly expiryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onUsurped: (reason: string) => void;
}

/**
 * The right to a server's name, held as a lock. Lost with the session, it is taken again with the
 * same token as long as no other process had it in between; otherwise this process is usurped:
 * its slot and storage are another's.
 */
export class NameOwnership {
  readonly #options: NameOwnershipOptions;
  readonly #ended = new AbortController();
  readonly #wake = new Wake();
  #value: LockValue | null = null;

  constructor(options: NameOwnershipOptions) {
    this.#options = options;
  }

  get token(): number {
    return this.#value?.token ?? 0;
  }

  /**
   * Rejects with a ConfigurationError when another living process has the name; one that died is
   * waited for until its session is over, or not at all if it ran under this kernel.
   */
  async take(signal: AbortSignal): Promise<void> {
    try {
      await this.#take(signal);
    } catch (error) {
      this.#ended.abort();
      throw error;
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    const { store, key, clock, expiryMs, logger } = this.#options;
    const deadlineMs = clock.monotonicMs() + expiryMs;
    const ended = AbortSignal.any([signal, this.#ended.signal]);
    store.onSession(() => this.#wake.call());
    store.watch(key, () => this.#wake.call(), this.#ended.signal);
    for (let first = true; !ended.aborted; first = false) {
      const entry = await store.read(key);
      if (await this.#acquire(entry)) break;
      if (entry.session !== null) await this.#refuse(entry, deadlineMs);
      else if (clock.monotonicMs() > deadlineMs) {
        throw new AuthorityUnavailable("the authority answers, but grants no session");
      }
      if (first && entry.session !== null) {
        logger.info({ name: this.#options.name }, "waiting for the name's last owner to expire");
      }
      await this.#wake.wait(clock, 500, ended);
    }
    ended.throwIfAborted();
    void this.#keep(ended);
  }

  async release(): Promise<void> {
    this.#ended.abort();
    if (this.#value !== null) await this.#options.store.release(this.#options.key, this.#value);
  }

  async #acquire(seen: LockEntry): Promise<boolean> {
    const { store, key, name, instance, process, clock } = this.#options;
    if (store.session === null) return false;
    if (seen.session === store.session && seen.value?.instance === instance) {
      // The answer to our request was lost.
      this.#value = seen.value;
      return true;
    }
    if (seen.session !== null) return false;
    const token = this.#value?.token ?? nextToken(seen, clock.nowMs());
    const value = { token, instance, name, process };
    if (!(await store.acquire(key, value, seen))) return false;
    this.#value = value;
    return true;
  }

  /** Throws when the holder lives, as far as can be told. */
  async #refuse(entry: LockEntry, deadlineMs: number): Promise<void> {
    const { store, name, clock } = this.#options;
    const holder = entry.value?.process;
    const fate = holder === undefined ? "unknown" : await fateOf(holder);
    if (fate === "dead" && entry.session !== null) return store.endSession(entry.session);
    if (fate === "unknown" && clock.monotonicMs() < deadlineMs) return;
    throw new ConfigurationError(
      `the server name "${name}" belongs to another process of this deployment that is running: ` +
        `give this one a --member-name of its own`,
    );
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const { store, key, instance, name, clock, logger, onUsurped } = this.#options;
    while (!signal.aborted) {
      await this.#wake.wait(clock, 5_000, signal);
      if (signal.aborted) return;
      try {
        const entry = await store.read(key);
        if (entry.session !== null && entry.session === store.session) continue;
        if (entry.value !== null && entry.value.instance !== instance) {
          this.#ended.abort();
          onUsurped(
            `another process took the server name "${name}" while this one was not heard of`,
          );
          return;
        }
        await this.#acquire(entry);
      } catch (error) {
        logger.debug({ error }, "the server's name could not be checked");
        await clock.wait(500, signal);
      }
    }
  }
}
