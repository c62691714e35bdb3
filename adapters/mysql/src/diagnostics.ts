import { COMMAND, packet, queryCommand } from "@freshet/mysql-wire";
import type { StatementTraits } from "@freshet/sql";
import { replayExecution } from "./prepared/forward.ts";
import type { Statement } from "./prepared/statement.ts";
import type { Session } from "./session.ts";
import type { UpstreamLink } from "./upstream/link.ts";

/** FOUND_ROWS(), ROW_COUNT(), SHOW WARNINGS and the like: about the statement before. */
export function readsDiagnostics(traits: StatementTraits): boolean {
  return traits.multiple || traits.readsDiagnostics;
}

/**
 * The last answer from the cache, if nothing was executed upstream since: what the upstream
 * would say about "the last statement" is then about another one.
 */
export class LastHit {
  /** COM_QUERY's text; byte string. */
  #text: string | null = null;
  /** COM_STMT_EXECUTE's payload, in a buffer that is used again. */
  #statement: Statement | null = null;
  #payload = Buffer.alloc(0);
  #length = 0;

  get due(): boolean {
    return this.#text !== null || this.#statement !== null;
  }

  query(text: string): void {
    this.#text = text;
    this.#statement = null;
  }

  execution(statement: Statement, buffer: Buffer, start: number, end: number): void {
    this.#text = null;
    this.#statement = statement;
    this.#length = end - start;
    if (this.#payload.length < this.#length) this.#payload = Buffer.alloc(this.#length * 2);
    buffer.copy(this.#payload, 0, start, end);
  }

  forget(): void {
    this.#text = this.#statement = null;
  }

  take(): { readonly text: string } | { readonly statement: Statement; readonly payload: Buffer } {
    const { text, statement } = { text: this.#text, statement: this.#statement };
    this.forget();
    if (text !== null) return { text };
    const payload = Buffer.from(this.#payload.subarray(0, this.#length));
    return { statement: statement as Statement, payload };
  }
}

/** Runs the statement of the last hit upstream, its reply unseen, so that its diagnostics stand. */
export function replayHit(session: Session, link: UpstreamLink): void | Promise<void> {
  const hit = session.hits.take();
  if ("statement" in hit) return replayExecution(session, hit.statement, hit.payload);
  session.beginUnit(link, "hidden", COMMAND.query, null, null);
  link.out.add(packet(0, queryCommand(hit.text, session.capabilities)));
}
