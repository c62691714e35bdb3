import { readFile } from "node:fs/promises";

/** Linux counts in hundredths of a second wherever it runs (USER_HZ). */
const MICROS_A_TICK = 10_000;

/** CPU time of a process so far, in all its threads; null where there is no /proc. */
export async function cpuMicrosOf(pid: number): Promise<number | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may contain anything; utime and stime are fields 14 and 15.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MICROS_A_TICK;
  } catch {
    return null;
  }
}
