import type { Route } from "@freshet/adapter-core";
import { StatementParams } from "@freshet/mysql-wire";
import type { LexerSettings } from "@freshet/sql";

/** COM_STMT_* id that means the statement prepared last (MariaDB). */
export const LAST_PREPARED_ID = 0xffffffff;

/**
 * A prepared statement as the client knows it, by an id of ours. One that a cache answers is
 * prepared upstream only when it must be; `upstreamId` is null until then.
 */
export class Statement {
  readonly id: number;
  /** Byte string; null when it was too long to look at. */
  readonly text: string | null;
  upstreamId: number | null = null;
  params = new StatementParams(0);
  columnCount = 0;
  /** The upstream has the parameter types as last bound. */
  upstreamHasTypes = false;
  /** Parameter data was sent ahead of the execution. */
  longData = false;
  /** Made for this scope, router generation and way of reading texts (see `routeOf`). */
  route: Route | null = null;
  routeScope: unknown = undefined;
  routeGeneration = -1;
  routeLexer: LexerSettings | null = null;

  constructor(id: number, text: string | null) {
    this.id = id;
    this.text = text;
  }
}

/** The client's prepared statements. Ids count from 1 as the server's own do. */
export class StatementTable {
  readonly #byId = new Map<number, Statement>();
  #lastId = 0;
  last: Statement | null = null;

  create(text: string | null): Statement {
    this.#lastId += 1;
    const statement = new Statement(this.#lastId, text);
    this.#byId.set(statement.id, statement);
    this.last = statement;
    return statement;
  }

  get(id: number): Statement | null {
    return id === LAST_PREPARED_ID ? this.last : (this.#byId.get(id) ?? null);
  }

  /** Its preparation failed: the server has given its id to nobody. */
  undo(statement: Statement): void {
    this.delete(statement);
    if (statement.id === this.#lastId) this.#lastId -= 1;
  }

  delete(statement: Statement): void {
    this.#byId.delete(statement.id);
    if (this.last === statement) this.last = null;
  }

  clear(): void {
    this.#byId.clear();
    this.last = null;
  }
}
