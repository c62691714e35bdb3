import type { CacheDefinition, CacheId } from "@freshet/rpc";
import { CacheState } from "./cache-state.ts";

/** The caches the server has defined, by id and by scope and shape; first created first. */
export class CacheRegistry {
  readonly #byId = new Map<CacheId, CacheState>();
  readonly #byShape = new Map<string, CacheState[]>();

  get(id: CacheId): CacheState | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<CacheState> {
    return this.#byId.values();
  }

  /** Caches of this shape in every scope. */
  withShape(shape: string): readonly CacheState[] {
    return this.#byShape.get(shape) ?? [];
  }

  add(definition: CacheDefinition): CacheState {
    const state = new CacheState(definition);
    this.#byId.set(definition.id, state);
    const same = this.#byShape.get(definition.shape) ?? [];
    same.push(state);
    same.sort((one, other) => one.definition.id - other.definition.id);
    this.#byShape.set(definition.shape, same);
    return state;
  }

  remove(state: CacheState): void {
    const { id, shape } = state.definition;
    this.#byId.delete(id);
    const others = this.withShape(shape).filter((other) => other !== state);
    if (others.length === 0) this.#byShape.delete(shape);
    else this.#byShape.set(shape, others);
  }
}
