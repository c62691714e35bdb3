import { randomInt } from "node:crypto";
import { AuthorityUnavailable, type SharedDocument } from "@freshet/cluster";
import type { DocumentPort } from "@freshet/server";
import type { FromEngine, ToEngine } from "./messages.ts";

/** The engine thread's end of its shared documents: asks the main thread. */
export class DocumentPorts {
  readonly #post: (message: FromEngine) => void;
  readonly #pending = new Map<number, (message: ToEngine) => void>();
  readonly #handlers = new Map<string, ((document: SharedDocument) => void)[]>();
  readonly #latest = new Map<string, SharedDocument>();
  // An answer that an earlier engine thread asked for may still be on its way: to nobody here.
  #request = randomInt(2 ** 47);

  constructor(post: (message: FromEngine) => void) {
    this.#post = post;
  }

  port(name: string): DocumentPort {
    return {
      read: async () => {
        const reply = await this.#ask((request) => ({ kind: "read-document", request, name }));
        if (reply.kind !== "document-read") throw new Error("another answer was expected");
        if ("unavailable" in reply.reply) throw new AuthorityUnavailable(reply.reply.unavailable);
        return reply.reply.document;
      },
      write: async (value, version) => {
        const reply = await this.#ask((request) => {
          return { kind: "write-document", request, name, value, version };
        });
        if (reply.kind !== "document-written") throw new Error("another answer was expected");
        if ("unavailable" in reply.reply) throw new AuthorityUnavailable(reply.reply.unavailable);
        return reply.reply.result;
      },
      onChange: (handler) => {
        const handlers = this.#handlers.get(name) ?? [];
        this.#handlers.set(name, [...handlers, handler]);
        const latest = this.#latest.get(name);
        if (latest !== undefined) handler(latest);
      },
    };
  }

  /** Tells the handlers once more what is known. */
  repeat(): void {
    for (const document of this.#latest.values()) this.#tell(document);
  }

  /** What the main thread says of documents. */
  handle(message: Extract<ToEngine, { kind: `document${string}` }>): void {
    if (message.kind === "document") {
      const { document } = message;
      this.#latest.set(document.name, document);
      this.#tell(document);
      return;
    }
    const settle = this.#pending.get(message.request);
    this.#pending.delete(message.request);
    settle?.(message);
  }

  #tell(document: SharedDocument): void {
    for (const handler of this.#handlers.get(document.name) ?? []) handler(document);
  }

  #ask(make: (request: number) => FromEngine): Promise<ToEngine> {
    this.#request += 1;
    const request = this.#request;
    return new Promise((resolve) => {
      this.#pending.set(request, resolve);
      this.#post(make(request));
    });
  }
}
