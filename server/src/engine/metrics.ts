import { NO_TRACER, type Tracer } from "@freshet/telemetry";

/**
 * What the engine tells of its work: the composition root connects it to a registry and to a
 * tracer. Times in seconds.
 */
export interface EngineMetrics {
  readonly tracer: Tracer;
  /** `delaySeconds`: since the newest of them was committed upstream; null when unknown. */
  committed(transactions: number, seconds: number, delaySeconds: number | null): void;
  /** One commit; `bytes` of rows in all its messages. */
  published(entries: number, messages: number, bytes: number): void;
  filled(seconds: number): void;
  fillRefused(): void;
  /** Keys given up to keep the memory limit. */
  evicted(keys: number): void;
  /** One of our own statements; `statement` is its kind. */
  controlled(statement: string, ok: boolean): void;
  copiedRows(rows: number): void;
  /** A table's first copy ended; null: it failed. */
  copied(seconds: number | null): void;
  checkpointed(seconds: number): void;
  schemaChanged(): void;
  /** The change stream ended or could not be opened. */
  streamFailed(): void;
}

export const noMetrics: EngineMetrics = {
  tracer: NO_TRACER,
  committed: () => undefined,
  published: () => undefined,
  filled: () => undefined,
  fillRefused: () => undefined,
  evicted: () => undefined,
  controlled: () => undefined,
  copiedRows: () => undefined,
  copied: () => undefined,
  checkpointed: () => undefined,
  schemaChanged: () => undefined,
  streamFailed: () => undefined,
};
