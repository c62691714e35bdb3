import { chmod, cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * `npm run build`: bundles the command and its threads into `dist/`, so that no TypeScript is
 * needed at run time. Packages with native parts or files of their own stay outside.
 */

const cli = join(import.meta.dirname, "..");
const dist = join(cli, "..", "..", "dist");
const EXTERNAL = ["lmdb", "libpg-query", "pino", "pg", "pg-copy-streams", "prom-client"];

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
  external: EXTERNAL,
  // Chunks are shared by main and the threads; they lie flat beside them, where `threadUrl` looks.
  splitting: true,
  chunkNames: "chunk-[hash]",
  sourcemap: true,
  logLevel: "info",
});
await cp(join(cli, "bin", "freshet.js"), join(dist, "freshet.js"));
await chmod(join(dist, "freshet.js"), 0o755);
