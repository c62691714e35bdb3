import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import {
  fetchHelmCommand,
  fetchKubernetesSchemas,
  schemaLocations,
} from "../../packages/cli/src/testing/helm-tools.ts";

export const CHART = join(import.meta.dirname, "..", "..", "helm", "freshet");
const VALUES = join(import.meta.dirname, "values");

/** A rendered Kubernetes object; the parts that tests look at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: Record<string, unknown>;
  readonly data?: Readonly<Record<string, string>>;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The names of `values/*.yaml`: one topology each. */
export async function topologies(): Promise<readonly string[]> {
  return (await readdir(VALUES)).map((file) => file.replace(/\.yaml$/, "")).sort();
}

/** `helm template` with a topology's values and `--set` arguments. Rejects with what Helm says. */
export async function render(topology: string, ...set: readonly string[]): Promise<string> {
  const values = join(VALUES, `${topology}.yaml`);
  const args = ["template", "shop", CHART, "--namespace", "data", "--values", values];
  args.push("--kube-version", "1.34.0", ...set.flatMap((one) => ["--set-json", one]));
  const { code, stdout, stderr } = await execute(await fetchHelmCommand("helm"), args, "");
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

export function objectsOf(manifests: string): readonly KubernetesObject[] {
  return parseAllDocuments(manifests)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

/** What kubeconform has against the manifests, one line each; none when they are valid. */
export async function complaints(
  manifests: string,
  kubernetesVersion: string,
): Promise<readonly string[]> {
  const schemas = schemaLocations(await fetchKubernetesSchemas());
  const options = ["-strict", "-output", "json", "-summary", "-verbose"];
  const args = [...options, "-kubernetes-version", kubernetesVersion, ...schemas, "-"];
  const { stdout, stderr } = await execute(await fetchHelmCommand("kubeconform"), args, manifests);
  if (stdout === "") return [stderr];
  const { resources } = JSON.parse(stdout) as { resources: readonly Record<string, string>[] };
  const checked = resources.filter(({ status }) => status === "statusValid").length;
  const wrong = resources
    .filter(({ status }) => status !== "statusValid" && status !== "statusEmpty")
    .map(({ kind, name, status, msg }) => `${kind} ${name}: ${status} ${msg}`);
  return checked + wrong.length === 0 ? ["nothing was checked"] : wrong;
}

function execute(command: string, args: readonly string[], input: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => undefined).end(input);
  });
}
