import { chmod, cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * `npm run build`: bundles the command and its threads into `dist/`, so that no TypeScript is
 * needed at run time. Other people's packages stay outside: some have native parts or files of
 * their own, some cannot be bundled as modules. `dist/package.json` names them and their versions.
 */

const cli = join(import.meta.dirname, "..");
const root = join(cli, "..", "..");
const dist = join(root, "dist");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What the product's workspaces depend on outside the repository, with versions. */
async function externalPackages(): Promise<Readonly<Record<string, string>>> {
  const folders = ["server"];
  for (const parent of ["packages", "adapters"]) {
    for (const name of await readdir(join(root, parent))) folders.push(join(parent, name));
  }
  const found: Record<string, string> = {};
  for (const folder of folders) {
    const { dependencies = {} } = await manifest(join(root, folder));
    for (const [name, version] of Object.entries(dependencies)) {
      if (!name.startsWith("@freshet/")) found[name] = version;
    }
  }
  return found;
}

async function manifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}

const external = await externalPackages();

await rm(dist, { recursive: true, force: true });
await build({
  entryPoints: {
    main: join(cli, "src", "main.ts"),
    "engine-thread": join(cli, "src", "threads", "engine-thread.ts"),
    "adapter-thread": join(cli, "src", "threads", "adapter-thread.ts"),
  },
  outdir: dist,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  external: Object.keys(external),
  // Chunks are shared by main and the threads; they lie flat beside them, where `threadUrl` looks.
  splitting: true,
  chunkNames: "chunk-[hash]",
  sourcemap: true,
  logLevel: "info",
});
for (const name of ["freshet.js", "healthcheck.js"]) {
  await cp(join(cli, "bin", name), join(dist, name));
}
await chmod(join(dist, "freshet.js"), 0o755);
const { version } = await manifest(cli);
const made = { name: "freshet", version, private: true, type: "module", dependencies: external };
await writeFile(join(dist, "package.json"), `${JSON.stringify(made, null, 2)}\n`);
