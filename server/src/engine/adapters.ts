import type { CacheDefinition, CacheId, ServerLink, ToAdapter, ToServer } from "@freshet/rpc";
import type { EncodedRows } from "@freshet/types";

/** One adapter, as the engine sees it. */
export interface AttachedAdapter {
  /** `member/thread` in separate mode. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly attachedMs: number;
  readonly link: ServerLink;
}

export interface PublishedEntry {
  readonly cache: CacheId;
  readonly key: string;
  readonly rows: EncodedRows | null;
}

/** Lists that a list is compared with, so that many different ones stay cheap. */
const ALIKE_LIMIT = 8;

/**
 * The attached adapters and what each of them holds. Per cache and key the set of subscribers
 * is interned (there are few different sets), so a key costs one Map slot.
 */
export class Adapters {
  readonly #adapters = new Set<AttachedAdapter>();
  readonly #subscriptions = new Map<CacheId, Map<string, readonly AttachedAdapter[]>>();
  readonly #sets = new Map<string, readonly AttachedAdapter[]>();
  readonly #numbers = new Map<AttachedAdapter, number>();
  #nextNumber = 1;

  get size(): number {
    return this.#adapters.size;
  }

  all(): readonly AttachedAdapter[] {
    return [...this.#adapters];
  }

  has(adapter: AttachedAdapter): boolean {
    return this.#adapters.has(adapter);
  }

  attach(
    link: ServerLink,
    name: string,
    attachedMs: number,
    handler: (adapter: AttachedAdapter, message: ToServer) => void,
    onGone: (adapter: AttachedAdapter) => void,
  ): AttachedAdapter {
    const adapter: AttachedAdapter = { name, attachedMs, link };
    this.#adapters.add(adapter);
    this.#numbers.set(adapter, this.#nextNumber);
    this.#nextNumber += 1;
    link.onMessage((message) => handler(adapter, message));
    link.onClose(() => {
      this.#adapters.delete(adapter);
      this.#numbers.delete(adapter);
      onGone(adapter);
      for (const [id, set] of this.#sets) if (set.includes(adapter)) this.#sets.delete(id);
    });
    return adapter;
  }

  broadcast(message: ToAdapter): void {
    for (const adapter of this.#adapters) adapter.link.send(message);
  }

  subscribe(cache: CacheId, key: string, adapter: AttachedAdapter): void {
    // Its link ended amid its own batch of messages: nobody would ever unsubscribe it.
    if (!this.#adapters.has(adapter)) return;
    let keys = this.#subscriptions.get(cache);
    if (keys === undefined) {
      keys = new Map();
      this.#subscriptions.set(cache, keys);
    }
    const current = keys.get(key);
    if (current === undefined) keys.set(key, this.#intern([adapter]));
    else if (!current.includes(adapter)) keys.set(key, this.#intern([...current, adapter]));
  }

  /** Returns true when nobody holds the key any more. */
  unsubscribe(cache: CacheId, key: string, adapter: AttachedAdapter): boolean {
    const keys = this.#subscriptions.get(cache);
    const current = keys?.get(key);
    if (keys === undefined || current === undefined) return false;
    const rest = current.filter((other) => other !== adapter);
    if (rest.length > 0) keys.set(key, this.#intern(rest));
    else keys.delete(key);
    if (keys.size === 0) this.#subscriptions.delete(cache);
    return rest.length === 0;
  }

  /** Everything the adapter held alone, as (cache, key) pairs. */
  unsubscribeAll(adapter: AttachedAdapter): readonly { cache: CacheId; key: string }[] {
    const orphans: { cache: CacheId; key: string }[] = [];
    for (const [cache, keys] of this.#subscriptions) {
      for (const [key, holders] of keys) {
        if (!holders.includes(adapter)) continue;
        if (this.unsubscribe(cache, key, adapter)) orphans.push({ cache, key });
      }
    }
    return orphans;
  }

  forgetKey(cache: CacheId, key: string): void {
    this.#subscriptions.get(cache)?.delete(key);
  }

  forgetCache(cache: CacheId): void {
    this.#subscriptions.delete(cache);
  }

  /** The oldest keys of a cache, in the order of their first fill. */
  *keysOf(cache: CacheId): Iterable<string> {
    yield* this.#subscriptions.get(cache)?.keys() ?? [];
  }

  /**
   * One message per adapter that holds any of the entries, in one go. Returns how many those are
   * and the bytes of the rows in them.
   */
  publish(
    position: string,
    commitTimeMs: number,
    entries: readonly PublishedEntry[],
  ): { readonly messages: number; readonly bytes: number } {
    let bytes = 0;
    const byAdapter = new Map<AttachedAdapter, PublishedEntry[]>();
    for (const entry of entries) {
      for (const adapter of this.#subscriptions.get(entry.cache)?.get(entry.key) ?? []) {
        const list = byAdapter.get(adapter);
        bytes += entry.rows?.bytes.length ?? 0;
        if (list === undefined) byAdapter.set(adapter, [entry]);
        else list.push(entry);
      }
    }
    // Those that hold the same get the same array: a link encodes it once for all of them.
    const lists = new Map<string, PublishedEntry[][]>();
    for (const [adapter, own] of byAdapter) {
      const list = byAdapter.size === 1 ? own : shared(lists, own);
      adapter.link.send({ kind: "publish", position, entries: list, commitTimeMs });
    }
    return { messages: byAdapter.size, bytes };
  }

  definitionAdded(cache: CacheDefinition): void {
    this.broadcast({ kind: "cache-added", cache });
  }

  #intern(adapters: readonly AttachedAdapter[]): readonly AttachedAdapter[] {
    const id = adapters
      .map((adapter) => this.#numbers.get(adapter) ?? 0)
      .sort((left, right) => left - right)
      .join(",");
    const known = this.#sets.get(id);
    if (known !== undefined) return known;
    this.#sets.set(id, adapters);
    return adapters;
  }
}

/** The equal list met before, or this one from now on. */
function shared(lists: Map<string, PublishedEntry[][]>, list: PublishedEntry[]): PublishedEntry[] {
  // Lists of one length that begin and end alike are most often equal.
  const [first, last] = [list[0], list.at(-1)];
  const sign = `${list.length} ${first?.cache} ${first?.key} ${last?.cache} ${last?.key}`;
  const alike = lists.get(sign);
  if (alike === undefined) {
    lists.set(sign, [list]);
    return list;
  }
  const equal = alike.find((other) => other.every((entry, index) => entry === list[index]));
  if (equal === undefined && alike.length < ALIKE_LIMIT) alike.push(list);
  return equal ?? list;
}
