import { RoutedStatement } from "@freshet/adapter-core";
import type { ResultPlan } from "../rendering.ts";

/**
 * A prepared statement as the client knows it. `upstream` says whether the upstream has it too:
 * one that a cache answers is parsed there only when it must be.
 */
export class Statement extends RoutedStatement {
  readonly name: string;
  /** As declared in Parse: may be shorter than the placeholders, 0 = infer. */
  readonly typeIds: readonly number[];
  upstream = false;
  /** Its Parse failed upstream or was skipped; what the name meant before. */
  undone: { readonly previous: Statement | null } | null = null;
  /** SQL may have removed it (DEALLOCATE): only the upstream knows. */
  uncertain = false;
  /** The last plan used, and the formats it was for. */
  plan: ResultPlan | null = null;

  /** RowDescription when it was parsed: Postgres raises 0A000 when DDL changes it. */
  shape: Buffer | null = null;
  shapeChanged = false;
  /** Prepared upstream before its cache existed, and run there since: DDL had not changed it. */
  validated = false;
  /** One of our own that was described before it ran: rows of other columns cannot be sent. */
  describedColumns: number | null = null;

  constructor(name: string, text: string | null, typeIds: readonly number[]) {
    super(text);
    this.name = name;
    this.typeIds = typeIds;
  }

  override rerouted(): void {
    this.plan = null;
  }
}

/** The client's prepared statements by name; the unnamed one is "". */
export class StatementTable {
  readonly #byName = new Map<string, Statement>();
  /** A SQL-level PREPARE ran: names may be taken that we do not know. */
  namesUncertain = false;

  get(name: string): Statement | undefined {
    return this.#byName.get(name);
  }

  set(statement: Statement): void {
    this.#byName.set(statement.name, statement);
  }

  delete(name: string): void {
    this.#byName.delete(name);
  }

  /** Puts back what stood there before. */
  restore(name: string, before: Statement | null): void {
    let previous = before;
    while (previous !== null && previous.undone !== null) previous = previous.undone.previous;
    if (previous === null) this.#byName.delete(name);
    else this.#byName.set(name, previous);
  }

  /** Named statements that only we know. */
  virtual(): Statement[] {
    return [...this.#byName.values()].filter(
      (statement) => statement.name !== "" && !statement.upstream,
    );
  }

  /** After a simple Query that may be skipped: if it runs, it drops the unnamed statement. */
  distrustUnnamed(): void {
    const unnamed = this.#byName.get("");
    if (unnamed !== undefined) unnamed.uncertain = true;
  }

  /** After SQL that may have dropped this one, or any of them. */
  distrust(name?: string): void {
    for (const statement of this.#byName.values()) {
      if (statement.name === "" || (name !== undefined && name !== statement.name)) continue;
      statement.uncertain = true;
    }
  }
}
