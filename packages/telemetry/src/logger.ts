import type { Logger } from "@freshet/util";
import pino from "pino";
import { prettyLine } from "./pretty-line.ts";
import { withoutSecrets } from "./without-secrets.ts";

export type { Logger };
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: "pretty" | "json";
  /** Shown in every line: the part or thread that speaks, e.g. `engine`. */
  readonly name?: string;
  /** Where lines go; standard error when absent. */
  readonly write?: (line: string) => void;
}

const lines = new Map<string, number>();

/** Lines that this thread's loggers wrote, by level, since the last call. */
export function takeLoggedLines(): readonly (readonly [level: string, count: number])[] {
  const taken = [...lines];
  lines.clear();
  return taken;
}

/**
 * A logger whose lines hold no secret: URLs, `password=…` settings, tokens and keys are redacted in
 * every string, fields named like one whole. Every thread makes its own; a line is written by one
 * synchronous call to standard error, so that the threads' lines do not mix.
 */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? standardError();
  const stream = {
    write(line: string): void {
      const fields = clean(line);
      const level = String(fields["level"]);
      lines.set(level, (lines.get(level) ?? 0) + 1);
      write(options.format === "json" ? `${JSON.stringify(fields)}\n` : prettyLine(fields));
    },
  };
  return pino(
    {
      level: options.level,
      base: options.name === undefined ? {} : { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    stream,
  );
}

function clean(line: string): Record<string, unknown> {
  const reviver = (key: string, value: unknown): unknown => {
    if (typeof value !== "string") return value;
    return withoutSecrets(key, value);
  };
  return JSON.parse(line, reviver) as Record<string, unknown>;
}

function standardError(): (line: string) => void {
  const destination = pino.destination({ dest: 2, sync: true });
  return (line) => {
    destination.write(line);
  };
}
