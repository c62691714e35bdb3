import { readFileSync, readdirSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { ALLOWED_IMPORTS } from "./support/allowed-imports.data.ts";

/** The house rules that a program can check. A failure names the file and the rule. */

const root = join(import.meta.dirname, "..");
const IGNORED = new Set(["node_modules", "dist", "freshet-data", ".git", ".cache", "coverage"]);
const FILE_LINES = 600;
const TEST_FILE_LINES = 900;
const MOST_PACKAGES = 12;

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

const files = walk(root);
const sources = files.filter((file) => /\.(ts|js)$/.test(file.path));
const code = sources.filter((file) => !isTest(file.path));

describe("layout", () => {
  it("names files in kebab case", () => {
    const names = sources.filter((file) => {
      return !/^[a-z0-9]+(-[a-z0-9]+)*(\.(data|test|testing|bench|config|pg|mysql))*\.(ts|js)$/.test(
        basename(file.path),
      );
    });
    expect(names.map((file) => file.path)).toEqual([]);
  });

  it("keeps files short", () => {
    const long = sources.filter((file) => {
      if (file.path.endsWith(".data.ts")) return false;
      const limit = isTest(file.path) ? TEST_FILE_LINES : FILE_LINES;
      return file.text.split("\n").length - 1 > limit;
    });
    expect(long.map((file) => file.path)).toEqual([]);
  });

  it("has at most twelve packages", () => {
    expect(directories("packages").length).toBeLessThanOrEqual(MOST_PACKAGES);
  });

  it("knows every workspace", () => {
    const names = workspaces().map((workspace) => workspace.name);
    expect(Object.keys(ALLOWED_IMPORTS).sort()).toEqual(names.sort());
  });
});

describe("dependencies", () => {
  for (const workspace of workspaces()) {
    const allowed = new Set(ALLOWED_IMPORTS[workspace.name] ?? []);
    const own = sources.filter((file) => file.path.startsWith(`${workspace.path}/`));

    it(`${workspace.name} declares only what it may use`, () => {
      const declared = workspace.dependencies.filter((name) => name.startsWith("@freshet/"));
      expect(declared.filter((name) => !allowed.has(name))).toEqual([]);
    });

    it(`${workspace.name} imports only what it declares`, () => {
      const declared = new Set([...workspace.dependencies, workspace.name]);
      const wrong = own.flatMap((file) => {
        // Unit tests may start a real server and use the root's test tools.
        if (isTest(file.path) || workspace.name === "@freshet/test") return [];
        return imports(file.text)
          .filter((name) => !name.startsWith(".") && !name.startsWith("node:"))
          .filter((name) => !declared.has(packageOf(name)) && !ownScript(file.path, name))
          .map((name) => `${file.path}: ${name}`);
      });
      expect(wrong).toEqual([]);
    });

    it(`${workspace.name} does not reach into another workspace by path`, () => {
      const wrong = own.flatMap((file) =>
        imports(file.text)
          .filter((name) => name.startsWith("."))
          .filter((name) => {
            const target = join(file.path, "..", name).split(sep).join("/");
            // Tests may share what other tests stand on.
            if (isTest(file.path) && isTest(target)) return false;
            return !target.startsWith(`${workspace.path}/`);
          })
          .map((name) => `${file.path}: ${name}`),
      );
      expect(wrong).toEqual([]);
    });
  }

  it("keeps adapters and server apart, also in tests", () => {
    const wrong = sources.filter((file) => {
      const names = imports(file.text);
      if (file.path.startsWith("adapters/")) return names.some((n) => n === "@freshet/server");
      return file.path.startsWith("server/") && names.some((n) => n.startsWith("@freshet/adapter"));
    });
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("keeps sockets out of wire packages, and sockets and clocks out of the dataflow", () => {
    const wrong = code.filter((file) => {
      const names = imports(file.text);
      const network = names.some((name) => /^node:(net|tls|http|dgram)/.test(name));
      if (/^packages\/(pg|mysql)-wire\//.test(file.path)) return network;
      if (!file.path.startsWith("packages/dataflow/")) return false;
      return network || /\bDate\.now\(|\bsetTimeout\(|\bperformance\.now\(/.test(file.text);
    });
    expect(wrong.map((file) => file.path)).toEqual([]);
  });
});

describe("style", () => {
  it("has no default exports but in the tools' configuration", () => {
    const wrong = sources.filter(
      (file) => /^export default\b/m.test(file.text) && !/\.config\.(ts|js)$/.test(file.path),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("has no enums or namespaces", () => {
    const wrong = sources.filter((file) =>
      /^\s*(export\s+)?(declare\s+)?(const\s+)?(enum|namespace)\s+\w+\s*\{/m.test(file.text),
    );
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("leaves no test alone in running", () => {
    const wrong = sources.filter((file) => /\b(describe|it|test)\.only\b/.test(file.text));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("names no package registry and no path of one machine", () => {
    const registry = new RegExp(["registry", "(npmjs|yarnpkg)"].join("\\."));
    const machine = new RegExp(
      `(^|["'\`\\s=(:])/(${["work", "root", "home", "Users"].join("|")})/\\w`,
      "m",
    );
    const wrong = files.filter((file) => registry.test(file.text) || machine.test(file.text));
    expect(wrong.map((file) => file.path)).toEqual([]);
  });

  it("keeps addresses out of the lock file", () => {
    const lock = readFileSync(join(root, "package-lock.json"), "utf8");
    expect(/"resolved": "https?:/.test(lock)).toBe(false);
  });
});

function isTest(path: string): boolean {
  return /(\.test|\.testing|\/testing)\.ts$|(^|\/)(test|testing|bench)\//.test(path);
}

/** Build scripts use the root's development tools. */
function ownScript(path: string, name: string): boolean {
  return path.includes("/scripts/") && name === "esbuild";
}

function imports(text: string): string[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s+["']([^"']+)["']|^\s*import\s+["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

function workspaces(): { name: string; path: string; dependencies: string[] }[] {
  const paths = [
    ...directories("packages").map((name) => `packages/${name}`),
    ...directories("adapters").map((name) => `adapters/${name}`),
    "server",
    "test",
  ];
  return paths.map((path) => {
    const manifest = JSON.parse(readFileSync(join(root, path, "package.json"), "utf8")) as {
      name: string;
      dependencies?: Record<string, string>;
    };
    return { name: manifest.name, path, dependencies: Object.keys(manifest.dependencies ?? {}) };
  });
}

function directories(path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !IGNORED.has(entry.name))
    .map((entry) => entry.name);
}

function walk(directory: string): SourceFile[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (IGNORED.has(entry.name)) return [];
    if (entry.isDirectory()) return walk(path);
    if (!/\.(ts|js|json|md|sh|ya?ml)$|^(run|Dockerfile)$/.test(entry.name)) return [];
    if (entry.name === "package-lock.json") return [];
    const name = relative(root, path).split(sep).join("/");
    return [{ path: name, text: readFileSync(path, "utf8") }];
  });
}
