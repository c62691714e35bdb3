import { setImmediate } from "node:timers";
import type { AdapterLink, CacheId, RequestId, ToAdapter, ToServer } from "@freshet/rpc";
import { PROTOCOL_VERSION } from "@freshet/rpc";
import type { Clock } from "@freshet/util";

/**
 * The current link to the server, if any. Releases are gathered for a turn, but always leave
 * before anything else that is sent: a release overtaken by the next fill of its key would
 * unsubscribe an entry that is held, and it would go stale.
 */
export class ServerConnection {
  #link: AdapterLink | null = null;
  /** Null within a process, where what was received cannot be old. */
  #vouching: AdapterLink | null = null;
  #releases = new Map<CacheId, string[]>();
  #scheduled = false;
  // Requests are never numbered twice, so a late answer of an older link finds nobody.
  #request = 0;

  get connected(): boolean {
    return this.#link !== null;
  }

  /** The version the link's server must speak. */
  get protocol(): number {
    return this.#link?.protocol ?? PROTOCOL_VERSION;
  }

  /** Whether what the server said is still known to be fresh; see `Link.vouchedUntilMs`. */
  vouched(clock: Clock): boolean {
    return this.#vouching === null || clock.monotonicMs() < this.#vouching.vouchedUntilMs();
  }

  attach(link: AdapterLink, onMessage: (message: ToAdapter) => void, onLost: () => void): void {
    this.#link = link;
    this.#vouching = link.vouchedUntilMs() === Infinity ? null : link;
    this.#releases.clear();
    link.onMessage((message) => {
      if (this.#link === link) onMessage(message);
    });
    link.onClose(() => {
      if (this.#link !== link) return;
      this.#link = this.#vouching = null;
      this.#releases.clear();
      onLost();
    });
  }

  nextRequest(): RequestId {
    this.#request += 1;
    return this.#request;
  }

  /** Without a link nothing is sent: the caller has checked, or its answer was `lost`. */
  send(message: ToServer): void {
    this.#flushReleases();
    this.#link?.send(message);
  }

  release(cache: CacheId, key: string): void {
    if (this.#link === null) return;
    const keys = this.#releases.get(cache);
    if (keys === undefined) this.#releases.set(cache, [key]);
    else keys.push(key);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flushReleases();
    });
  }

  /** The cache was dropped or emptied by the server: it holds none of its keys. */
  forgetReleases(cache: CacheId): void {
    this.#releases.delete(cache);
  }

  close(): void {
    const link = this.#link;
    this.#link = this.#vouching = null;
    this.#releases.clear();
    link?.close();
  }

  #flushReleases(): void {
    if (this.#releases.size === 0) return;
    const releases = this.#releases;
    this.#releases = new Map();
    for (const [cache, keys] of releases) this.#link?.send({ kind: "release", cache, keys });
  }
}
