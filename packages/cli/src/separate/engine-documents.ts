import type { Authority, Leader, SharedDocument } from "@freshet/cluster";
import { messageOf } from "@freshet/util";
import type { FromEngine, ToEngine } from "../threads/messages.ts";

export interface EngineDocumentsOptions {
  readonly authority: Authority;
  /** An engine's documents are its database's alone. */
  readonly dialect: string;
  /** Under whose leadership to write. */
  readonly leader: () => Leader | null;
  readonly signal: AbortSignal;
  readonly post: (message: ToEngine) => void;
}

/** Documents an engine shares with those of other servers; the names as the engine knows them. */
export const ENGINE_DOCUMENTS = ["caches", "settings"] as const;

/** The main thread's end of an engine's shared documents: it alone speaks with the authority. */
export class EngineDocuments {
  readonly #options: EngineDocumentsOptions;
  readonly #latest = new Map<string, SharedDocument>();

  constructor(options: EngineDocumentsOptions) {
    this.#options = options;
    const { authority, signal, post } = options;
    for (const name of ENGINE_DOCUMENTS) {
      authority.watch(
        this.#path(name),
        (document) => {
          const own = { ...document, name };
          this.#latest.set(name, own);
          post({ kind: "document", document: own });
        },
        signal,
      );
    }
  }

  /** What is known, for an engine that is new. */
  repeat(post: (message: ToEngine) => void): void {
    for (const document of this.#latest.values()) post({ kind: "document", document });
  }

  handle(message: Extract<FromEngine, { kind: "read-document" | "write-document" }>): void {
    const { post } = this.#options;
    const { request } = message;
    if (message.kind === "read-document") {
      this.#read(message.name).then(
        (document) => post({ kind: "document-read", request, reply: { document } }),
        (error: unknown) =>
          post({ kind: "document-read", request, reply: { unavailable: messageOf(error) } }),
      );
      return;
    }
    this.#write(message).then(
      (result) => post({ kind: "document-written", request, reply: { result } }),
      (error: unknown) =>
        post({ kind: "document-written", request, reply: { unavailable: messageOf(error) } }),
    );
  }

  async #read(name: string): Promise<SharedDocument> {
    const document = await this.#options.authority.read(this.#path(name));
    return { ...document, name };
  }

  async #write(message: Extract<FromEngine, { kind: "write-document" }>) {
    const { authority, leader } = this.#options;
    const fence = leader();
    if (fence === null) return { kind: "fenced" } as const;
    return authority.write(this.#path(message.name), message.value, message.version, fence);
  }

  #path(name: string): string {
    return `${name}/${this.#options.dialect}`;
  }
}
