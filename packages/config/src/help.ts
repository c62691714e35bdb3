import type { OptionGroup, OptionSpec } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";

const SPECS: readonly OptionSpec[] = OPTIONS;
/** In the order in which help and reference show them. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  "Upstream",
  "Listening",
  "Security",
  "Caching",
  "Running",
  "Cluster",
  "Backup",
  "Logging",
  "Actions",
];

/** The text of `--help`, at most 80 columns wide. */
export function helpText(): string {
  const lines = [
    "Freshet: a cache for Postgres and MySQL whose answers follow the database.",
    "",
    "Usage: freshet --upstream-db-url postgres://user:password@host:5432/database [options]",
    "       freshet          (without an upstream: a demo with a film database)",
    "       freshet server   follows the database, apart from its adapters",
    "       freshet adapter  serves clients, apart from its server",
  ];
  for (const group of OPTION_GROUPS) {
    lines.push("", `${group}:`);
    for (const spec of SPECS) if (spec.group === group) lines.push(...describe(spec));
  }
  lines.push("", "Flags win over environment variables.");
  return `${lines.join("\n")}\n`;
}

/** One option's flag, environment variables, default and meaning, as Markdown. */
export function optionCells(spec: OptionSpec): readonly string[] {
  const flag = `\`--${spec.name}\`${spec.short === undefined ? "" : `, \`-${spec.short}\``}`;
  const env = spec.env.map((name) => `\`${name}\``).join(", ");
  return [flag, env, cell(spec), meaning(spec).replaceAll("|", "\\|")];
}

function describe(spec: OptionSpec): string[] {
  const short = spec.short === undefined ? "    " : `-${spec.short}, `;
  const value = spec.type === "flag" ? "" : ` <${placeholder(spec)}>`;
  const notes: string[] = [];
  const fallback = defaultOf(spec);
  if (fallback !== "") notes.push(`default: ${fallback}`);
  if (spec.env.length > 0) notes.push(`env: ${spec.env.join(", ")}`);
  const text = `${meaning(spec)}${notes.length > 0 ? ` [${notes.join("; ")}]` : ""}`;
  return [`  ${short}--${spec.name}${value}`, ...wrap(text, 70).map((line) => `          ${line}`)];
}

function meaning(spec: OptionSpec): string {
  const several = spec.repeatable === true ? "; may be repeated" : "";
  const choices = spec.choices === undefined ? "" : ` (${spec.choices.join(", ")})`;
  return `${spec.help}${several}${choices}`;
}

function placeholder(spec: OptionSpec): string {
  return spec.type === "address" ? "host:port" : spec.type;
}

function defaultOf(spec: OptionSpec): string {
  if (spec.type === "flag") return "";
  return spec.defaultText ?? spec.default ?? "";
}

function cell(spec: OptionSpec): string {
  const text = defaultOf(spec);
  return spec.defaultText === undefined && text !== "" ? `\`${text}\`` : text;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
