import { execFile } from "node:child_process";
import { access, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { cached } from "../demo/download-cache.ts";

/**
 * Helm and kubeconform, built by the machine's Go, and the schemas of Kubernetes' and the Prometheus operator's objects.
 * Everything is kept in the user's cache.
 */

const run = promisify(execFile);
const OUTPUT_BYTES_LIMIT = 64 * 2 ** 20;

/** What the chart is checked against: the oldest Kubernetes it supports, and a recent one. */
export const KUBERNETES_VERSIONS = ["1.29.0", "1.36.0"] as const;
/** A Python package that consists of Kubernetes' own schemas, in kubeconform's layout. */
const SCHEMAS = { package: "kubernetes-validate", version: "1.37.0" };
const OPERATOR = {
  module: "github.com/prometheus-operator/prometheus-operator",
  version: "0.85.0",
};
const COMMANDS = {
  helm: { module: "helm.sh/helm/v3/cmd/helm", version: "3.22.0" },
  kubeconform: { module: "github.com/yannh/kubeconform/cmd/kubeconform", version: "0.8.0" },
} as const;

export type HelmCommand = keyof typeof COMMANDS;

/** The program's path. Rejects with one sentence when it cannot be had. */
export async function fetchHelmCommand(name: HelmCommand): Promise<string> {
  const { module, version } = COMMANDS[name];
  const directory = await cached(
    name,
    async (target) => {
      const env = { ...process.env, GOBIN: target };
      const go = await program(["go", "/usr/local/go/bin/go"], "Go");
      await orSay(`${name} ${version} could not be had and built with Go`, () =>
        run(go, ["install", `${module}@v${version}`], { env, maxBuffer: OUTPUT_BYTES_LIMIT }),
      );
      return version;
    },
    version,
  );
  return join(directory, name);
}

/** A directory with `v<version>-standalone-strict`-like folders and `crds`; see `schemaLocations`. */
export async function fetchKubernetesSchemas(): Promise<string> {
  const version = `${SCHEMAS.version}.${OPERATOR.version}`;
  const make = async (directory: string): Promise<string> => {
    await unpackKubernetes(directory);
    await unpackOperator(join(directory, "crds"));
    return version;
  };
  return cached("kubernetes-schemas", make, version);
}

/** The arguments that make kubeconform use those schemas and nothing from the network. */
export function schemaLocations(directory: string): readonly string[] {
  const folder = "{{ .NormalizedKubernetesVersion }}-local{{ .StrictSuffix }}";
  const file = "{{ .ResourceKind }}{{ .KindSuffix }}.json";
  return [
    ...["-schema-location", `${directory}/${folder}/${file}`],
    ...["-schema-location", `${directory}/crds/${file}`],
  ];
}

async function unpackKubernetes(directory: string): Promise<void> {
  const python = await program(["python3"], "Python 3");
  const wanted = `${SCHEMAS.package}==${SCHEMAS.version}`;
  const scratch = join(directory, "scratch");
  await mkdir(scratch);
  await orSay("Kubernetes' schemas could not be had with pip", async () => {
    const options = ["--no-deps", "--disable-pip-version-check", "--quiet", "--dest", scratch];
    await run(python, ["-m", "pip", "download", ...options, wanted]);
    const [wheel = ""] = await readdir(scratch);
    await run(python, ["-m", "zipfile", "-e", join(scratch, wheel), scratch]);
  });
  const all = join(scratch, "kubernetes_validate", "kubernetes-json-schema");
  for (const version of KUBERNETES_VERSIONS) {
    const folder = `v${version}-local-strict`;
    await copySchemas(join(all, folder), join(directory, folder));
  }
  await rm(scratch, { recursive: true });
}

/** Each file finds the common definitions beside it, not under the address of a web server. */
async function copySchemas(from: string, to: string): Promise<void> {
  await mkdir(to);
  for (const file of await readdir(from)) {
    const text = await readFile(join(from, file), "utf8");
    const local = text.replaceAll('"/api/_definitions.json#', '"_definitions.json#');
    const schema = JSON.parse(local) as Record<string, unknown>;
    delete schema["$id"];
    await writeFile(join(to, file), JSON.stringify(schema));
  }
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

type Schema = { readonly [keyword: string]: unknown };

/** The operator's own resource definitions, each version as a schema file. */
async function unpackOperator(directory: string): Promise<void> {
  const go = await program(["go", "/usr/local/go/bin/go"], "Go");
  const { module, version } = OPERATOR;
  const source = await orSay("The Prometheus operator's schemas could not be had with Go", () =>
    run(go, ["mod", "download", "-json", `${module}@v${version}`], { cwd: "/" }),
  );
  const { Dir: root } = JSON.parse(source.stdout) as { Dir: string };
  await mkdir(directory);
  for (const plural of ["servicemonitors", "prometheusrules"]) {
    const file = `monitoring.coreos.com_${plural}.yaml`;
    const text = await readFile(join(root, "example", "prometheus-operator-crd", file), "utf8");
    const { spec } = parse(text) as Definition;
    const group = spec.group.split(".")[0] ?? "";
    for (const { name, schema } of spec.versions) {
      const path = join(directory, `${spec.names.kind.toLowerCase()}-${group}-${name}.json`);
      await writeFile(path, JSON.stringify(strict(schema.openAPIV3Schema)));
    }
  }
}

/** As the API server reads it with strict validation: properties that are not named are refused. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== "object") return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, strict(value)] as const);
  const made = Object.fromEntries(entries) as Record<string, unknown>;
  const open = made["x-kubernetes-preserve-unknown-fields"] === true;
  if (made["type"] === "object" && typeof made["properties"] === "object" && !open) {
    made["additionalProperties"] ??= false;
  }
  if (made["x-kubernetes-int-or-string"] === true) delete made["type"];
  return made;
}

async function program(names: readonly string[], what: string): Promise<string> {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  for (const name of names) {
    for (const file of name.includes("/") ? [name] : path.map((one) => join(one, name))) {
      const found = await access(file).then(
        () => true,
        () => false,
      );
      if (found) return file;
    }
  }
  throw new Error(`${what} is not installed on this machine, and the chart cannot be checked.`);
}

async function orSay<T>(sentence: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const why = (stderr === undefined || stderr === "" ? message : stderr)
      .trim()
      .split("\n")
      .at(-1);
    throw new Error(`${sentence} (${why ?? ""}).`, { cause });
  }
}
