import type { CacheDefinition } from "@freshet/rpc";
import type { StatementTraits } from "@freshet/sql";
import type { Flight } from "./fills.ts";
import type { StoredEntry } from "./stored-entry.ts";

/**
 * A cache as this adapter has it. Routes point at it, so a route of a dropped cache (or of an
 * earlier link, whose ids may come again) can only ever find that cache's empty maps.
 */
export class CacheState {
  readonly definition: CacheDefinition;
  readonly entries = new Map<string, StoredEntry>();
  readonly flights = new Map<string, Flight>();
  /** Role -> may read; emptied whenever a privilege changes. */
  readonly access = new Map<string, boolean>();
  dropped = false;
  /** What the lexer said of a statement of this shape, once one was routed. */
  traits: StatementTraits | null = null;
  /** Bytes of `entries` as the store counts them. */
  bytes = 0;
  /** Since the last report, and since the last metrics snapshot. */
  hits = 0;
  hitsUncollected = 0;
  missesUncollected = 0;

  constructor(definition: CacheDefinition) {
    this.definition = definition;
  }
}
