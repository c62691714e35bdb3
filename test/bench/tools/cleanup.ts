/** What has been started and must be stopped, newest first. */
export class Cleanup {
  readonly #steps: (() => Promise<void>)[] = [];
  #running: Promise<void> | null = null;

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Runs every step, also after one failed. Asked twice, it is still done once. */
  run(): Promise<void> {
    return (this.#running ??= this.#run());
  }

  async #run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`cleaning up failed: ${String(error)}\n`);
      }
    }
  }
}

/** Runs `use` and then what it added, however it ended, or already when `outer` cleans up. */
export async function withCleanup<T>(
  use: (cleanup: Cleanup) => Promise<T>,
  outer: Cleanup | null = null,
): Promise<T> {
  const cleanup = new Cleanup();
  outer?.add(() => cleanup.run());
  try {
    return await use(cleanup);
  } finally {
    await cleanup.run();
  }
}
