import type { CacheDefinition, ControlError, ControlResult, ToAdapter } from "@freshet/rpc";
import type { Clock, Logger } from "@freshet/util";
import { unreachable } from "@freshet/util";
import type { Access } from "./access.ts";
import type { CacheRegistry } from "./cache-registry.ts";
import type { CacheState } from "./cache-state.ts";
import { CatchingUp } from "./catching-up.ts";
import type { Fills } from "./fills.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { Positions } from "./positions.ts";
import type { ResultStore } from "./result-store.ts";
import type { RouterMetrics } from "./router-metrics.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { TextCache } from "./text-cache.ts";

export interface RouterParts {
  readonly registry: CacheRegistry;
  readonly store: ResultStore;
  readonly fills: Fills;
  readonly access: Access;
  readonly positions: Positions;
  readonly controls: PendingRequests<ControlResult | ControlError>;
  readonly texts: TextCache;
  readonly metrics: RouterMetrics;
  readonly connection: ServerConnection;
  readonly clock: Clock;
  readonly logger: Logger;
}

const CATCHING_UP = "the server has not yet applied all that may have been shown before";

/** Applies what the server says, each message whole in one turn and in the order sent. */
export class ServerMessages {
  readonly #parts: RouterParts;
  readonly #catchingUp: CatchingUp;
  serving = false;
  servingReason = "no server";
  /** See `Router.generation`. */
  generation = 0;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#catchingUp = new CatchingUp({ ...parts, onDone: () => this.#setServing(true, "") });
  }

  apply(message: ToAdapter): void {
    const { fills, access, positions, controls, registry } = this.#parts;
    switch (message.kind) {
      case "welcome":
        return this.#welcome(message);
      case "cache-added":
        return this.#add(message.cache);
      case "cache-dropped":
        return this.#drop(registry.get(message.cache), "the cache was dropped");
      case "cache-cleared":
        return this.#clear(registry.get(message.cache));
      case "filled":
        return fills.filled(message.request, message.key, message.rows);
      case "fill-refused":
        return fills.refused(message.request, message.reason);
      case "publish":
        return this.#publish(message);
      case "control-result":
        return controls.answer(message.request, message.result);
      case "control-error":
        return controls.answer(message.request, message.error);
      case "position":
        return positions.answered(message.request, message.reached);
      case "access-result":
        return access.answered(message.request, message.allowed);
      case "access-changed":
        return access.changed(registry.all());
      case "serving":
        return this.#setServing(message.serving, message.reason);
      default:
        return unreachable(message);
    }
  }

  /** The link ended: nothing here is kept current any more. */
  lose(reason: string): void {
    const { registry, fills, access, positions, controls } = this.#parts;
    this.#setServing(false, reason);
    for (const cache of [...registry.all()]) this.#drop(cache, reason);
    fills.loseAll(reason);
    // Privileges and schemas may change while nobody tells us.
    access.changed([]);
    access.lose();
    positions.lose();
    controls.lose();
  }

  #welcome(message: Extract<ToAdapter, { readonly kind: "welcome" }>): void {
    const { registry, access, positions, connection, logger } = this.#parts;
    for (const cache of [...registry.all()]) this.#drop(cache, "the server began anew");
    access.changed([]);
    if (message.version !== connection.protocol) {
      const versions = { server: message.version, adapter: connection.protocol };
      logger.error(versions, "server speaks another protocol version; forwarding everything");
      this.lose("the server speaks another protocol version");
      connection.close();
      return;
    }
    for (const cache of message.caches) this.#add(cache);
    positions.reset(message.position);
    this.#catchingUp.begin();
    this.#setServing(message.serving, message.serving ? "" : "the server is not ready");
  }

  #add(definition: CacheDefinition): void {
    const { registry, texts } = this.#parts;
    this.#drop(registry.get(definition.id), "the cache was replaced");
    registry.add(definition);
    texts.clear();
    this.generation += 1;
  }

  #drop(cache: CacheState | undefined, reason: string): void {
    if (cache === undefined) return;
    const { registry, store, fills, connection, texts, metrics } = this.#parts;
    cache.dropped = true;
    registry.remove(cache);
    store.clear(cache);
    fills.drop(cache, reason);
    connection.forgetReleases(cache.definition.id);
    metrics.removeCache(cache);
    texts.clear();
    this.generation += 1;
  }

  #clear(cache: CacheState | undefined): void {
    if (cache === undefined) return;
    this.#parts.store.clear(cache);
    this.#parts.connection.forgetReleases(cache.definition.id);
  }

  #publish(message: Extract<ToAdapter, { readonly kind: "publish" }>): void {
    const { registry, store, positions, metrics, clock } = this.#parts;
    for (const { cache: id, key, rows } of message.entries) {
      const cache = registry.get(id);
      if (cache !== undefined) store.replace(cache, key, rows);
    }
    positions.advance(message.position);
    if (message.commitTimeMs > 0) metrics.observeStaleness(clock.nowMs() - message.commitTimeMs);
  }

  /** As the server says; what is shown must have been caught up with besides. */
  #setServing(serving: boolean, reason: string): void {
    if (serving) {
      if (this.#catchingUp.mayShow()) this.#show(true, "");
      else this.#show(false, CATCHING_UP);
    } else {
      this.#catchingUp.stop();
      this.#parts.positions.forget();
      this.#show(false, reason);
    }
  }

  #show(serving: boolean, reason: string): void {
    if (serving !== this.serving || reason !== this.servingReason) {
      this.#parts.logger.info({ serving, reason }, "serving from caches changed");
    }
    this.serving = serving;
    this.servingReason = reason;
  }
}
