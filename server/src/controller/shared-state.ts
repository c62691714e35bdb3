import { randomUUID } from "node:crypto";
import type { SharedDocument, WriteResult } from "@freshet/cluster";
import { type Clock, type Logger, messageOf } from "@freshet/util";
import { StateFile } from "./state-file.ts";
import { type State, StateError, type StateForm } from "./state.ts";

/** One document of the authority, as an engine sees it; writes are fenced by whoever gives it. */
export interface DocumentPort {
  /** Rejects with an error named AuthorityUnavailable. */
  read(): Promise<SharedDocument>;
  /** The same; then it may or may not have been written. */
  write(value: unknown, version: string): Promise<WriteResult>;
  /** The present document and every change, in order, perhaps late. */
  onChange(handler: (document: SharedDocument) => void): void;
}

/** What every document holds beside its value: the authority's versions have no order. */
interface Stamp {
  /** Made with the document; another one means that it was removed and begun again. */
  readonly lineage: string;
  /** One more with every change. */
  readonly revision: number;
}

const ATTEMPTS = 10;
const FIRST_READ_LIMIT_MS = 3_000;

/**
 * A document that all servers of the deployment share, and its last state in a file, so that a
 * server starts while the authority is away.
 *
 * Invariant: within a lineage the value only moves to greater revisions, in whatever order writes,
 * their echoes and reads arrive. If the authority itself has gone back (restored, wiped), whoever
 * may write gives it the newest state again.
 */
export class SharedState<T extends object> implements State<T> {
  readonly #port: DocumentPort;
  readonly #file: StateFile;
  readonly #form: StateForm<T>;
  readonly #logger: Logger;
  readonly #handlers: (() => void)[] = [];
  #value: T;
  /** All that the document holds, with what newer versions of the product put into it. */
  #raw: object;
  #stamp: Stamp;
  #updating: Promise<unknown> = Promise.resolve();
  #checking = false;
  #closed = false;

  constructor(options: {
    readonly port: DocumentPort;
    readonly path: string;
    readonly form: StateForm<T>;
    readonly logger: Logger;
  }) {
    this.#port = options.port;
    this.#file = new StateFile(options.path);
    this.#form = options.form;
    this.#logger = options.logger;
    const kept = this.#file.read(options.form);
    this.#raw = kept?.raw ?? options.form.initial;
    this.#value = kept?.value ?? options.form.initial;
    this.#stamp = stampOf(this.#raw);
    options.port.onChange((document) => this.#seen(document));
  }

  /** Reads the document once; returns without it after a moment. */
  async load(clock: Clock): Promise<void> {
    const read = this.#port.read().then(
      (document) => this.#seen(document),
      (error: unknown) => {
        this.#logger.warn(
          { error: messageOf(error) },
          `the shared ${this.#form.title} cannot be read now; those last seen are used`,
        );
      },
    );
    const limit = new AbortController();
    await Promise.race([read, clock.wait(FIRST_READ_LIMIT_MS, limit.signal)]);
    limit.abort();
  }

  get value(): T {
    return this.#value;
  }

  onChange(handler: () => void): void {
    this.#handlers.push(handler);
  }

  close(): void {
    this.#closed = true;
  }

  update(change: (value: T) => T): Promise<void> {
    const result = this.#updating.then(() => this.#update(change));
    this.#updating = result.catch(() => undefined);
    return result;
  }

  async #update(change: (value: T) => T): Promise<void> {
    if (this.#closed) throw new StateError("this server is shutting down", "Try again.");
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const document = await this.#ask(
        this.#port.read(),
        `the ${this.#form.title} cannot be changed now`,
        "Nothing was changed; queries go on. Try again when the authority answers.",
      );
      this.#seen(document);
      if (this.#isBehind(document)) {
        throw new StateError(
          `the shared ${this.#form.title} were written by a version that this server cannot read`,
          "Update this server.",
        );
      }
      const next = change(this.#value);
      if (next === this.#value) return;
      const stamp = {
        lineage: this.#stamp.lineage === "" ? randomUUID() : this.#stamp.lineage,
        revision: this.#stamp.revision + 1,
      };
      const raw = { ...this.#raw, ...next, ...stamp };
      const result = await this.#ask(
        this.#port.write(raw, document.version),
        `whether the ${this.#form.title} were changed is not known`,
        "Look at them again when the authority answers; queries go on.",
      );
      switch (result.kind) {
        case "written":
          // Its echo, or what was written after it, may have been faster.
          if (this.#stamp.lineage !== stamp.lineage || this.#stamp.revision < stamp.revision) {
            this.#adopt(raw, next, stamp);
          }
          return;
        case "conflict":
          continue;
        case "fenced":
          throw new StateError(
            "this server no longer leads its deployment; nothing was changed",
            "Try again: another server takes over.",
          );
      }
    }
    throw new StateError(
      `the shared ${this.#form.title} keep being changed by other servers; nothing was changed`,
      "Try again.",
    );
  }

  async #ask<Reply>(request: Promise<Reply>, problem: string, hint: string): Promise<Reply> {
    try {
      return await request;
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "AuthorityUnavailable") throw error;
      throw new StateError(`${problem}: ${error.message}`, hint, { cause: error });
    }
  }

  /** Takes over what is newer, in whatever order it comes. */
  #seen(document: SharedDocument): void {
    if (this.#closed) return;
    if (!isObject(document.value)) {
      if (this.#stamp.revision > 0) this.#check();
      return;
    }
    const stamp = stampOf(document.value);
    if (stamp.lineage === this.#stamp.lineage && stamp.revision <= this.#stamp.revision) {
      if (stamp.revision < this.#stamp.revision) this.#check();
      return;
    }
    let value: T;
    try {
      value = this.#form.parse(document.value);
    } catch (error) {
      this.#logger.error(
        { document: document.name, error: messageOf(error) },
        `the shared ${this.#form.title} cannot be understood; those last seen are used`,
      );
      return;
    }
    this.#adopt(document.value, value, stamp);
  }

  /** The document is newer and yet was not taken over. */
  #isBehind({ value }: SharedDocument): boolean {
    if (!isObject(value)) return false;
    const { lineage, revision } = stampOf(value);
    return lineage !== this.#stamp.lineage || revision > this.#stamp.revision;
  }

  #adopt(raw: object, value: T, stamp: Stamp): void {
    if (this.#closed) return;
    this.#raw = raw;
    this.#value = value;
    this.#stamp = stamp;
    try {
      this.#file.write(raw);
    } catch (error) {
      // The document has it, which is what counts.
      this.#logger.error(
        { error: messageOf(error) },
        `the shared ${this.#form.title} could not be kept in a file for the next start`,
      );
    }
    for (const handler of this.#handlers) handler();
  }

  /** Something older came: a late echo, or the authority has lost what was written. */
  #check(): void {
    if (this.#checking) return;
    this.#checking = true;
    this.#giveAgain()
      .catch((error: unknown) => {
        this.#logger.debug({ error: messageOf(error) }, "the authority could not be asked");
      })
      .finally(() => {
        this.#checking = false;
      });
  }

  async #giveAgain(): Promise<void> {
    const document = await this.#port.read();
    if (isObject(document.value)) {
      const stamp = stampOf(document.value);
      const isOlder =
        stamp.lineage === this.#stamp.lineage && stamp.revision < this.#stamp.revision;
      if (!isOlder) return this.#seen(document);
    }
    const result = await this.#port.write(this.#raw, document.version);
    if (result.kind !== "written") return;
    this.#logger.warn(
      { document: document.name, revision: this.#stamp.revision },
      `the authority had lost the shared ${this.#form.title}; they were written again`,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function stampOf(raw: object): Stamp {
  const { lineage, revision } = raw as Partial<Stamp>;
  return {
    lineage: typeof lineage === "string" ? lineage : "",
    revision: typeof revision === "number" ? revision : 0,
  };
}
