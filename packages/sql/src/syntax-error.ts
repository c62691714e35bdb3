/**
 * The server's own grammar refuses the text. `position` counts characters from 0, -1 when
 * unknown. Not a reason to answer the client ourselves: another server version may accept it.
 */
export class SqlSyntaxError extends Error {
  override readonly name = "SqlSyntaxError";
  readonly position: number;

  constructor(message: string, position: number, options?: ErrorOptions) {
    super(message, options);
    this.position = position;
  }
}
