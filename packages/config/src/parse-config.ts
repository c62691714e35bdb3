import { ConfigurationError } from "@freshet/util";
import { nearest } from "./nearest.ts";
import type { OptionSpec, ValueOf } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";
import { type ParsedValue, parseValue } from "./parse-value.ts";
import { checkCluster } from "./check-cluster.ts";
import { redact } from "./redact.ts";
import { upstreamsOf } from "./upstreams.ts";

type Specs = (typeof OPTIONS)[number];

/** Which part of the product a process is. */
export type Role = "combined" | "server" | "adapter";

/** The options' values, typed from `OPTIONS`. Contains secrets: never log it whole. */
export type Config = { readonly [S in Specs as S["key"]]: ValueOf<S> } & { readonly role: Role };

const BY_NAME = new Map<string, OptionSpec>(OPTIONS.map((spec) => [spec.name, spec]));
const BY_SHORT = new Map<string, OptionSpec>(
  (OPTIONS as readonly OptionSpec[]).flatMap((spec) => (spec.short ? [[spec.short, spec]] : [])),
);

/**
 * Reads flags (without the program's own name) and environment. Throws `ConfigurationError`: one
 * sentence that names the option and the fix, and never a secret.
 */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const word = argv[0];
  const role: Role = word === "server" || word === "adapter" ? word : "combined";
  const given = readFlags(role === "combined" ? argv : argv.slice(1));
  const config: Record<string, unknown> = { role };
  for (const spec of OPTIONS as readonly OptionSpec[]) {
    config[spec.key] = valueOf(spec, given.get(spec.key), env);
  }
  const typed = config as Config;
  // Help and version must come out whatever else is wrong with the combination.
  if (!typed.help && !typed.version) {
    checkCombination(typed);
    checkCluster(typed);
  }
  return typed;
}

function valueOf(
  spec: OptionSpec,
  flags: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (flags !== undefined) return parseAll(spec, flags, `--${spec.name}`);
  for (const name of spec.env) {
    const text = env[name];
    if (text !== undefined && text !== "") return parseAll(spec, [text], name);
  }
  return spec.default === null ? null : parseAll(spec, [spec.default], `--${spec.name}`);
}

function parseAll(spec: OptionSpec, texts: readonly string[], source: string): unknown {
  if (spec.repeatable !== true)
    return required(spec, parseValue(spec, texts[0] ?? ""), source, texts[0]);
  const separator = spec.type === "url" ? /\s+/ : ",";
  const items = texts.flatMap((text) => text.trim().split(separator));
  return items.map((item) => required(spec, parseValue(spec, item.trim()), source, item));
}

function required(
  spec: OptionSpec,
  parsed: ParsedValue,
  source: string,
  text: string | undefined,
): unknown {
  if (parsed.ok) return parsed.value;
  const shown = spec.secret === true ? "" : `, not ${JSON.stringify(redact(text ?? ""))}`;
  throw new ConfigurationError(`${source} must be ${parsed.expected}${shown}.`);
}

/** Flag texts by option key, in the order given. */
function readFlags(argv: readonly string[]): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    const [spec, shown, attached] = findOption(word);
    let text = attached;
    if (spec.type === "flag") text ??= "true";
    else if (text === null) {
      const next = argv[at + 1];
      if (next === undefined || /^--?[a-zA-Z]/.test(next)) {
        throw new ConfigurationError(`${shown} needs a value: ${usage(spec)}.`);
      }
      text = next;
      at += 1;
    }
    const texts = given.get(spec.key);
    if (texts === undefined) given.set(spec.key, [text ?? ""]);
    else if (spec.repeatable === true) texts.push(text ?? "");
    else throw new ConfigurationError(`--${spec.name} is given twice: give it once.`);
  }
  return given;
}

function findOption(word: string): [spec: OptionSpec, shown: string, attached: string | null] {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (long !== null) {
    const name = long[1] ?? "";
    const spec = BY_NAME.get(name);
    if (spec === undefined) throw new ConfigurationError(unknownOption(`--${name}`, name));
    return [spec, `--${name}`, long[2] ?? null];
  }
  const short = /^-([a-zA-Z])(?:=?(.+))?$/s.exec(word);
  if (short !== null) {
    const spec = BY_SHORT.get(short[1] ?? "");
    if (spec === undefined) throw new ConfigurationError(unknownOption(`-${short[1] ?? ""}`, ""));
    return [spec, `-${short[1] ?? ""}`, short[2] ?? null];
  }
  const near = nearest(word, [...BY_NAME.keys()]);
  const fix = near === null ? "options begin with --, see --help" : `did you mean --${near}?`;
  throw new ConfigurationError(
    sentence(`Unexpected argument ${JSON.stringify(redact(word))}: ${fix}`),
  );
}

function unknownOption(shown: string, name: string): string {
  const near = nearest(name, [...BY_NAME.keys()]);
  const fix = near === null ? "see --help for all options" : `did you mean --${near}?`;
  return sentence(`Unknown option ${redact(shown)}: ${fix}`);
}

function sentence(text: string): string {
  return text.endsWith("?") ? text : `${text}.`;
}

function usage(spec: OptionSpec): string {
  const parsed = parseValue(spec, "");
  return `give --${spec.name} ${parsed.ok ? "a value" : parsed.expected}`;
}

function checkCombination(config: Config): void {
  if (config.tlsCert !== null && config.tlsKey === null) {
    throw new ConfigurationError(
      "--tls-cert needs --tls-key: give the certificate's private key too.",
    );
  }
  if (config.tlsKey !== null && config.tlsCert === null) {
    throw new ConfigurationError("--tls-key needs --tls-cert: give the key's certificate too.");
  }
  if (config.tlsMode === "required" && config.tlsCert === null) {
    throw new ConfigurationError("--tls-mode required needs --tls-cert and --tls-key.");
  }
  if (config.upstreamUrls !== null) {
    upstreamsOf(config.upstreamUrls, config.addresses);
    if (config.mysql) {
      throw new ConfigurationError(
        "--mysql is about the demo, and --upstream-db-url names a database: give one of them.",
      );
    }
  }
  if (config.upstreamUrls === null && (config.verify || config.cleanup)) {
    const action = config.verify ? "--verify" : "--cleanup";
    throw new ConfigurationError(`${action} needs --upstream-db-url: say which database is meant.`);
  }
  if (config.verify && config.cleanup) {
    throw new ConfigurationError("--verify and --cleanup exclude each other: give one of them.");
  }
}
