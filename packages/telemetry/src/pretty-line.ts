const HIDDEN = new Set(["level", "time", "name", "msg", "err", "error"]);

/** One log line for people: `09:30:01.123 INFO  engine: message key=value`. */
export function prettyLine(fields: Readonly<Record<string, unknown>>): string {
  const time = text(fields["time"]).slice(11, 23);
  const level = text(fields["level"]).toUpperCase().padEnd(5);
  const name = fields["name"] === undefined ? "" : `${text(fields["name"])}: `;
  let line = `${time} ${level} ${name}${text(fields["msg"])}`;
  for (const [key, value] of Object.entries(fields)) {
    if (!HIDDEN.has(key)) line += ` ${key}=${text(value)}`;
  }
  return `${line}${errorText(fields["err"] ?? fields["error"])}\n`;
}

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null)
    return error === undefined ? "" : ` ${text(error)}`;
  const { message, stack } = error as { message?: unknown; stack?: unknown };
  return typeof stack === "string" ? `\n${stack}` : ` ${text(message)}`;
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === undefined) return "";
  return JSON.stringify(value);
}
