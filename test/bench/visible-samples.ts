import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { quantile } from "./results.ts";

/** Written to the database, beside the samples. */
export const WRITES_PER_SECOND = 500;
const PAUSE_MS = 20;
const WARM_UP_SAMPLES = 20;
/** A change that takes longer is a failure, not a sample. */
const VISIBLE_LIMIT_MS = 30_000;

export interface Sample {
  /** From sending the statement whose commit it is, and from its acknowledgement. */
  readonly fromSentMs: number;
  readonly fromAcknowledgedMs: number;
}

/** The longest that taking all samples may last, in seconds. */
export function sampleSeconds({ options }: Bench): number {
  return Math.ceil(10 + (options.samples * (PAUSE_MS + 30)) / 1_000);
}

/** Writes ever new values directly, and asks the cache until it has them. */
export async function takeSamples(
  bench: Bench,
  write: (value: number) => Promise<unknown>,
  read: () => Promise<number>,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  // The first ones warm up: connections, code, the cached entry.
  for (let value = 1; value <= bench.options.samples + WARM_UP_SAMPLES; value += 1) {
    const sentMs = performance.now();
    await write(value);
    const acknowledgedMs = performance.now();
    let nowMs = acknowledgedMs;
    do {
      const seen = await read();
      nowMs = performance.now();
      if (seen >= value) break;
    } while (nowMs - acknowledgedMs <= VISIBLE_LIMIT_MS);
    if (nowMs - acknowledgedMs > VISIBLE_LIMIT_MS) {
      throw new Error("a change did not become visible");
    }
    const sample = { fromSentMs: nowMs - sentMs, fromAcknowledgedMs: nowMs - acknowledgedMs };
    if (value > WARM_UP_SAMPLES) samples.push(sample);
    await sleep(Math.random() * 2 * PAUSE_MS);
  }
  return samples;
}

export function recordSamples(bench: Bench, samples: readonly Sample[]): void {
  const acknowledged = samples.map((sample) => sample.fromAcknowledgedMs);
  const sent = samples.map((sample) => sample.fromSentMs);
  for (const [name, q] of [
    ["p50", 0.5],
    ["p99", 0.99],
    ["max", 1],
  ] as const) {
    const own = { scenario: "visible", arm: "freshet", unit: "ms" } as const;
    const note = `${samples.length} samples, ${WRITES_PER_SECOND} writes/s beside them`;
    for (const [point, values] of [
      ["acknowledgement", acknowledged],
      ["sending", sent],
    ] as const) {
      const variant = `${name} from ${point}`;
      bench.record({ ...own, variant, values: [quantile(values, q)], note });
    }
  }
}
