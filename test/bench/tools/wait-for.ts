import { setTimeout as sleep } from "node:timers/promises";

/** Until `probe` gives something but null; its errors count as "not yet". */
export async function waitFor<T>(
  what: string,
  limitMs: number,
  probe: () => Promise<T | null>,
  intervalMs = 20,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  let last: unknown = null;
  while (performance.now() < endMs) {
    try {
      const value = await probe();
      if (value !== null) return value;
    } catch (error) {
      last = error;
    }
    await sleep(intervalMs);
  }
  throw new Error(`waited ${limitMs} ms in vain for ${what}`, { cause: last });
}
