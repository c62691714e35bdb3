import type { SharedDocument, WriteResult } from "@freshet/cluster";
import type { DocumentPort } from "./shared-state.ts";

/** One document within this process, as an authority keeps it, with its faults at hand. */
export class TestDocument {
  value: unknown = null;
  #version = 0;
  #reachable = true;
  readonly #handlers: ((document: SharedDocument) => void)[] = [];
  /** Called before a write is looked at. */
  beforeWrite: () => void = () => undefined;

  set reachable(reachable: boolean) {
    this.#reachable = reachable;
    if (reachable) this.changed();
  }

  get present(): SharedDocument {
    const version = this.#version === 0 ? "" : String(this.#version);
    return { name: "caches/test", value: structuredClone(this.value), version };
  }

  /** As if somebody had put it there by hand, or restored it. */
  set(value: unknown): void {
    this.value = value;
    this.#version += 1;
    this.changed();
  }

  /** Tells whoever watches, later, as a watch does. */
  changed(document = this.present): void {
    for (const handler of this.#handlers) {
      setImmediate(() => {
        if (this.#reachable) handler(document);
      });
    }
  }

  /** `leads`: may this server write? */
  port(leads: () => boolean = () => true): DocumentPort {
    return {
      read: async () => {
        await this.#answer();
        return this.present;
      },
      write: async (value, version): Promise<WriteResult> => {
        this.beforeWrite();
        await this.#answer();
        if (!leads()) return { kind: "fenced" };
        if (version !== this.present.version) return { kind: "conflict" };
        this.set(structuredClone(value));
        return { kind: "written", version: this.present.version };
      },
      onChange: (handler) => void this.#handlers.push(handler),
    };
  }

  async #answer(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#reachable) return;
    throw Object.assign(new Error("Consul does not answer"), { name: "AuthorityUnavailable" });
  }
}
