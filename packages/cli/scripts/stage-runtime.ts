/**
 * After `npm run build`, puts what runs into a directory of its own: the bundle, and of the
 * installed packages those that it needs, with what these need:
 * node packages/cli/scripts/stage-runtime.ts <directory>
 */
import { existsSync } from "node:fs";
import { cp, mkdir, readFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";

const root = join(import.meta.dirname, "..", "..", "..");
const modules = join(root, "node_modules");

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Native parts, one for each platform; only this machine's is installed. */
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The installed packages that the package in `folder` needs, by their names, and theirs. */
async function collect(folder: string, found: Map<string, string>): Promise<void> {
  const text = await readFile(join(folder, "package.json"), "utf8");
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(text) as Manifest;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = findPackage(folder, name);
    if (place === null) {
      if (name in optionalDependencies) continue;
      throw new Error(`${name}, which ${folder} needs, is not installed: run npm ci.`);
    }
    if (found.has(place)) continue;
    found.set(place, name);
    await collect(place, found);
  }
}

/** As Node finds it: in the nearest `node_modules` from the folder upwards. */
function findPackage(folder: string, name: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return place;
    if (at === root || at === dirname(at)) return null;
  }
}

function isNeeded(path: string): boolean {
  return !/\.(map|d\.[cm]?ts|md|markdown)$/.test(path);
}

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("Give the directory to put the program into.");
const target = resolve(directory);
const found = new Map<string, string>();
await collect(join(root, "dist"), found);
await mkdir(target, { recursive: true });
await cp(join(root, "dist"), target, { recursive: true, filter: isNeeded });
for (const place of found.keys()) {
  // What lies within another package is copied with that one.
  if (place.slice(modules.length).includes(`${sep}node_modules${sep}`)) continue;
  const name = place.slice(modules.length + 1);
  await cp(place, join(target, "node_modules", name), { recursive: true, filter: isNeeded });
}
console.log(`${found.size} packages and the program are in ${target}.`);
