import { type HitsRow, measureHits } from "./hits.ts";
import { measurePublications } from "./publications.ts";

/** Prints two Markdown tables. */
export async function runScale(options: {
  readonly seconds: number;
  readonly say: (line: string) => void;
}): Promise<readonly string[]> {
  const { seconds, say } = options;
  say("| adapters | hits/s | cores used by adapters | by the server | cores of the machine |");
  say("| --- | --- | --- | --- | --- |");
  const hits: HitsRow[] = [];
  for (const adapters of [1, 2, 4]) {
    const row = await measureHits(adapters, seconds);
    hits.push(row);
    const { hitsPerSecond, coresOfAdapters, coresOfServer, cores } = row;
    const used = [coresOfAdapters, coresOfServer].map((value) => value.toFixed(2));
    say(`| ${[adapters, Math.round(hitsPerSecond), ...used, cores].join(" | ")} |`);
  }
  say("");
  say(limitOf(hits));
  say("");
  say("| adapters with the hot key | commits | publications | server CPU, µs a commit |");
  say("| --- | --- | --- | --- |");
  for (const row of await measurePublications([0, 1, 10, 100], seconds)) {
    const { links, commits, received, microsPerCommit } = row;
    say(`| ${[links, commits, received, Math.round(microsPerCommit)].join(" | ")} |`);
  }
  return [];
}

/** What keeps more adapters from more hits, as far as this machine can tell. */
function limitOf(rows: readonly HitsRow[]): string {
  const most = rows.at(-1)!;
  const idle = most.cores - most.coresOfAdapters - most.coresOfServer;
  return most.adapters >= most.cores
    ? `The limit is this machine's ${most.cores} cores: adapters had ` +
        `${most.coresOfAdapters.toFixed(2)} of them, pgbench and the rest ${idle.toFixed(2)}.`
    : `Adapters had ${most.coresOfAdapters.toFixed(2)} of ${most.cores} cores.`;
}
