/** What has been started and must be stopped, newest first. */
export class Cleanup {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Runs every step, also after one failed. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`cleaning up failed: ${String(error)}\n`);
      }
    }
  }
}

/** Runs `use` and then what it added, however it ended. */
export async function withCleanup<T>(use: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const cleanup = new Cleanup();
  try {
    return await use(cleanup);
  } finally {
    await cleanup.run();
  }
}
