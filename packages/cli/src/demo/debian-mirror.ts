import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** One source of packages in apt's deb822 form, without `Suites` and `Components`. */
export interface Mirror {
  readonly uri: string;
  /** Value of `Signed-By`: keyring files or a key, verbatim; apt's trusted keys when absent. */
  readonly signedBy: string | null;
}

/** Suites of Debian's main archive, whichever release the machine has. */
const ALWAYS = ["stable", "testing", "unstable", "sid", "oldstable"];

/** The mirror of Debian's main archive that this machine's own apt uses; null: there is none. */
export async function debianMirror(): Promise<Mirror | null> {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(await text("/etc/os-release"))?.[1] ?? "sid";
  const suites = new Set([release, ...ALWAYS]);
  for (const file of await sourceFiles()) {
    const content = await text(file);
    const mirror = file.endsWith(".sources")
      ? mirrorOfStanzas(content, suites)
      : mirrorOfLines(content, suites);
    if (mirror !== null) return mirror;
  }
  return null;
}

async function sourceFiles(): Promise<readonly string[]> {
  const directory = "/etc/apt/sources.list.d";
  const parts = (await readdir(directory).catch(() => [])).sort();
  return [
    "/etc/apt/sources.list",
    ...parts.filter((name) => /\.(sources|list)$/.test(name)).map((name) => join(directory, name)),
  ];
}

/** Stanzas of `Field: value`, continued on indented lines (sources.list(5), deb822 style). */
export function mirrorOfStanzas(content: string, suites: ReadonlySet<string>): Mirror | null {
  const plain = content.replace(/^#.*\n?/gm, "");
  for (const stanza of plain.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const match of stanza.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)) {
      fields.set(match[1]?.toLowerCase() ?? "", match[2] ?? "");
    }
    const words = (field: string): string[] => (fields.get(field) ?? "").trim().split(/\s+/);
    const uri = words("uris")[0];
    if (uri === undefined || uri === "" || words("enabled")[0] === "no") continue;
    if (!words("types").includes("deb") || !words("components").includes("main")) continue;
    if (words("suites").some((suite) => suites.has(suite))) {
      return { uri, signedBy: fields.get("signed-by") ?? null };
    }
  }
  return null;
}

/** Lines of `deb [option=value …] uri suite component…` (sources.list(5), one-line style). */
export function mirrorOfLines(content: string, suites: ReadonlySet<string>): Mirror | null {
  for (const line of content.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+(.*)$/.exec(line);
    const [, options = "", uri = "", suite = "", components = ""] = match ?? [];
    if (!suites.has(suite) || !components.split(/\s+/).includes("main")) continue;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null;
    return { uri, signedBy: signedBy?.replaceAll(",", " ") ?? null };
  }
  return null;
}

async function text(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
