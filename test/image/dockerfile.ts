import { readFile } from "node:fs/promises";

/** One instruction of a Dockerfile, with variables replaced. */
export interface Step {
  readonly instruction: string;
  /** What follows the instruction and its options. */
  readonly text: string;
  /** The words of `text`, or of its JSON form. */
  readonly words: readonly string[];
  /** `--from=build`, without the dashes. */
  readonly options: ReadonlyMap<string, string>;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly steps: readonly Step[];
}

/** The stages of a Dockerfile, in order. Understands what ours uses; throws for the rest. */
export async function readDockerfile(path: string): Promise<readonly Stage[]> {
  const lines = (await readFile(path, "utf8"))
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replace(/\\\n\s*/g, " ")
    .split("\n");
  const variables = new Map<string, string>();
  const stages: { name: string; base: string; steps: Step[] }[] = [];
  for (const line of lines) {
    const step = parseStep(line, variables);
    if (step.instruction === "ARG") {
      const [name = "", value = ""] = step.text.split("=");
      variables.set(name, value);
    } else if (step.instruction === "FROM") {
      const [base = "", , name = ""] = step.words;
      stages.push({ name, base, steps: [] });
    } else stages.at(-1)?.steps.push(step);
  }
  return stages;
}

function parseStep(line: string, variables: ReadonlyMap<string, string>): Step {
  const match = /^([A-Z]+)\s+((?:--\S+\s+)*)(.*)$/.exec(line.trim());
  if (match === null) throw new Error(`not understood in the Dockerfile: ${line}`);
  const [, instruction = "", flags = "", rest = ""] = match;
  const text = rest.replace(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? "");
  const json = text.startsWith("[") ? (JSON.parse(text) as string[]) : null;
  const options = new Map(
    [...flags.matchAll(/--([\w-]+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]),
  );
  return { instruction, text, words: json ?? text.trim().split(/\s+/), options };
}
