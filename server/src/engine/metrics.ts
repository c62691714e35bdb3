/** What the engine counts; the composition root connects it to a registry. Times in seconds. */
export interface EngineMetrics {
  committed(transactions: number, seconds: number): void;
  published(entries: number): void;
  filled(seconds: number): void;
  fillRefused(): void;
  copiedRows(rows: number): void;
}

export const noMetrics: EngineMetrics = {
  committed: () => undefined,
  published: () => undefined,
  filled: () => undefined,
  fillRefused: () => undefined,
  copiedRows: () => undefined,
};
