/**
 * Tries until `check` does not throw; fails with its last error. For what follows a cause of its
 * own accord, e.g. replication; never to paper over an answer that may be right or wrong.
 */
export async function eventually<T>(check: () => Promise<T>, timeoutMs = 30_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
