import type { AttachedAdapter } from "./adapters.ts";

interface Connection {
  readonly client: string;
  readonly user: string;
}

/** Client connections, as each adapter last reported them. */
export class ClientConnections {
  readonly #byAdapter = new Map<AttachedAdapter, readonly Connection[]>();

  set(adapter: AttachedAdapter, connections: readonly Connection[]): void {
    this.#byAdapter.set(adapter, connections);
  }

  remove(adapter: AttachedAdapter): void {
    this.#byAdapter.delete(adapter);
  }

  count(adapter: AttachedAdapter): number {
    return this.#byAdapter.get(adapter)?.length ?? 0;
  }

  list(): readonly Connection[] {
    return [...this.#byAdapter.values()].flat();
  }
}
