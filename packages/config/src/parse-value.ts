import { dialectOfUrl } from "./dialect-name.ts";
import { unreachable } from "@freshet/util";
import type { OptionSpec, OptionValues } from "./option-spec.ts";
import { parseAddress } from "./parse-address.ts";
import { parseUsers } from "./parse-users.ts";

type Parsed = OptionValues[keyof OptionValues];

/** The value, or what was expected instead (the end of the sentence "… must be …"). */
export type ParsedValue =
  { readonly ok: true; readonly value: Parsed } | { readonly ok: false; readonly expected: string };

export function parseValue(spec: OptionSpec, text: string): ParsedValue {
  switch (spec.type) {
    case "text":
      return result(
        /^\w[\w.-]{0,39}$/.test(text) ? text : null,
        "up to 40 letters, digits, . _ or -, the first a letter or digit",
      );
    case "secret":
      return result(/^[^\r\n]{1,4096}$/.test(text) ? text : null, "a text of one line");
    case "endpoint":
      return result(validEndpoint(text), "an address such as 127.0.0.1:8500 or https://host:8501");
    case "link":
      return result(validLink(text), "a URL such as http://127.0.0.1:4318/v1/traces");
    case "tables":
      return result(validTables(text), "a table such as public.users, public.* or *.*");
    case "location":
      return result(
        /^(file:\/\/\/.+|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/.*)?)$/.test(text) ? text : null,
        "a place such as file:///var/backups/freshet or s3://bucket/prefix",
      );
    case "path":
      return result(text === "" ? null : text, "a path");
    case "url":
      return result(
        validUrl(text),
        "a URL such as postgres://user:password@host:5432/database or mysql://user:password@host:3306/database",
      );
    case "address":
      return result(parseAddress(text), "an address such as 127.0.0.1:5433 or [::1]:5433");
    case "integer":
      return integer(text, spec.range ?? [0, Number.MAX_SAFE_INTEGER]);
    case "bytes":
      return result(parseBytes(text), "a size such as 512MB or 2GB");
    case "duration":
      return result(parseDuration(text), "a duration such as 500ms, 5s or 2m");
    case "flag":
      return result(parseFlag(text), "true or false");
    case "choice": {
      const choices = spec.choices ?? [];
      return result(choices.includes(text) ? text : null, oneOf(choices));
    }
    case "users":
      return result(
        parseUsers(text),
        'a list such as ann:secret,bob:"pass,word" with each name once',
      );
    default:
      return unreachable(spec.type);
  }
}

/** Bytes; a bare number is bytes. Units are powers of 1024. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text);
  if (match === null) return null;
  const power = "kmgt".indexOf((match[2] ?? "").toLowerCase() || "-") + 1;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  "": 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds; a bare number is seconds. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|)$/i.exec(text);
  if (match === null) return null;
  const durationMs = Math.round(
    Number(match[1]) * (UNIT_MS[(match[2] ?? "").toLowerCase()] ?? 1000),
  );
  // The longest wait a timer can keep.
  return durationMs <= 2 ** 31 - 1 ? durationMs : null;
}

function parseFlag(text: string): boolean | null {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  return null;
}

function validUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const dialect = dialectOfUrl(text);
  const url = new URL(text);
  if (dialect === null || url.hostname === "" || url.username === "") return null;
  // MySQL's sessions may have no default schema; a Postgres session is in one database.
  return dialect === "mysql" || url.pathname.length > 1 ? text : null;
}

function validLink(text: string): string | null {
  if (!URL.canParse(text)) return null;
  return /^https?:$/.test(new URL(text).protocol) ? text : null;
}

function validEndpoint(text: string): string | null {
  if (parseAddress(text) !== null) return text;
  const url = validLink(text) === null ? null : new URL(text);
  return url !== null && url.pathname === "/" && url.search === "" ? text : null;
}

function validTables(text: string): string | null {
  const parts = text.split(".");
  return parts.length === 2 && parts.every((part) => part.length > 0) ? text : null;
}

function integer(text: string, [least, most]: readonly [number, number]): ParsedValue {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  const limited = most === Number.MAX_SAFE_INTEGER;
  const expected = limited ? "a whole number" : `a whole number from ${least} to ${most}`;
  return result(value >= least && value <= most ? value : null, expected);
}

function oneOf(choices: readonly string[]): string {
  return `${choices.slice(0, -1).join(", ")} or ${choices.at(-1) ?? ""}`;
}

function result(value: Parsed | null, expected: string): ParsedValue {
  return value === null ? { ok: false, expected } : { ok: true, value };
}
