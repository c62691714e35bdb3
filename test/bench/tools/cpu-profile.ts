import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** What we read of V8's .cpuprofile format. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const MOST_LINES = 25;

/** Each profile's functions by their own time, dearest first; idle time does not count. */
export async function describeProfiles(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".cpuprofile")).sort();
  const texts = await Promise.all(
    names.map(async (name) => {
      const profile = JSON.parse(await readFile(join(directory, name), "utf8")) as CpuProfile;
      return `${name}\n${describe(profile)}`;
    }),
  );
  return texts.join("\n\n");
}

function describe(profile: CpuProfile): string {
  const micros = new Map<number, number>();
  profile.samples.forEach((id, index) => {
    micros.set(id, (micros.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));
  });
  const places = new Map<string, number>();
  let busy = 0;
  for (const { id, callFrame } of profile.nodes) {
    const own = micros.get(id) ?? 0;
    const { functionName, url, lineNumber } = callFrame;
    if (functionName === "(idle)" || own === 0) continue;
    busy += own;
    const file = url.split("/").slice(-3).join("/");
    const place = `${functionName === "" ? "(anonymous)" : functionName} ${file}:${lineNumber + 1}`;
    places.set(place, (places.get(place) ?? 0) + own);
  }
  const lines = [...places]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_LINES)
    .map(([place, own]) => `${((own / busy) * 100).toFixed(1).padStart(6)} %  ${place}`);
  return [`busy for ${(busy / 1e6).toFixed(1)} s`, ...lines].join("\n");
}
