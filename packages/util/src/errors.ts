/**
 * The three kinds of error (house rule): `InvariantError` means our state is broken and the part
 * must restart; `OperationalError` means the outside world failed, so retry or go upstream;
 * `ConfigurationError` is one sentence for the person who typed the option. Errors meant for a
 * client carry their SQLSTATE and live in the dialect packages.
 */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export class OperationalError extends Error {
  override readonly name = "OperationalError";
}

export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** The message of anything thrown, for a log line. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(messageOf).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}
