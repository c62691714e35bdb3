import { RoutedStatement } from "@freshet/adapter-core";
import { StatementParams } from "@freshet/mysql-wire";
import type { SessionScope } from "@freshet/rpc";

/** COM_STMT_* id that means the statement prepared last (MariaDB). */
export const LAST_PREPARED_ID = 0xffffffff;

/**
 * A prepared statement as the client knows it, by an id of ours. One that a cache answers is
 * prepared upstream only when it must be; `upstreamId` is null until then.
 */
export class Statement extends RoutedStatement {
  readonly id: number;
  upstreamId: number | null = null;
  params = new StatementParams(0);
  columnCount = 0;
  /** The upstream has the parameter types as last bound. */
  upstreamHasTypes = false;
  /**
   * A text means for good what it meant when it was prepared, whatever USE or SET sql_mode come
   * later: the scope of that moment. Undefined while it is not known, null where there is none.
   */
  scope: SessionScope | null | undefined = undefined;
  /** `TransactionMemory.scopeChanges` of that moment. */
  readonly changes: number;
  /** Its preparation was answered here, so far. */
  local = false;
  /** Parameter data was sent ahead of the execution. */
  longData = false;

  constructor(id: number, text: string | null, changes: number) {
    super(text);
    this.id = id;
    this.changes = changes;
  }
}

/** The client's prepared statements. Ids count from 1 as the server's own do. */
export class StatementTable {
  readonly #byId = new Map<number, Statement>();
  #lastId = 0;
  last: Statement | null = null;

  /** Those whose preparation was answered here, and that the upstream does not know yet. */
  *local(): Generator<Statement> {
    for (const statement of this.#byId.values()) {
      if (statement.local && statement.upstreamId === null) yield statement;
    }
  }

  has(statement: Statement): boolean {
    return this.#byId.get(statement.id) === statement;
  }

  create(text: string | null, changes: number): Statement {
    this.#lastId += 1;
    const statement = new Statement(this.#lastId, text, changes);
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
