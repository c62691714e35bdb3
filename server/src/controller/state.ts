/**
 * A small value that survives restarts, changed by one statement at a time. Combined mode keeps it
 * in a file; in separate mode it is a document that all servers of a deployment share.
 */
export interface State<T> {
  /** As last seen; another server may have changed it since. */
  readonly value: T;
  /**
   * Replaces the value by what `change` makes of the newest one, durably; called again when
   * somebody else was faster. The same value back means that there is nothing to do.
   *
   * @throws StateError when it cannot be changed now; then nothing has changed, as far as we know.
   */
  update(change: (value: T) => T): Promise<void>;
  /** Called after each change of `value`, whoever made it. */
  onChange(handler: () => void): void;
  /** Nothing changes any more, and no handler is called. */
  close(): void;
}

/** What a state's value is when there is none yet, and how it is read back. */
export interface StateForm<T extends object> {
  readonly initial: T;
  /** What it is, in plural, for people. */
  readonly title: string;
  /** Throws when it is something else. Fields it does not know are kept by the caller. */
  parse(value: object): T;
}

/** Why a shared state cannot be changed now; fit for the client, as SQLSTATE and MySQL's number. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly code = "57P03";
  readonly number = 1105;
  readonly hint: string;
  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
