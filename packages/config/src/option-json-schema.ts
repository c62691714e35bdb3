import { unreachable } from "@freshet/util";
import type { OptionSpec } from "./option-spec.ts";

/** A JSON Schema (draft 07), or a part of one. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** The texts, numbers and flags that an option accepts where it stands in a YAML file. */
export function optionJsonSchema(spec: OptionSpec): JsonSchema {
  const value = valueSchema(spec);
  const description = `${spec.help} (${spec.env[0] ?? `--${spec.name}`})`;
  if (spec.repeatable !== true) return { description, ...value };
  return { description, type: "array", items: value };
}

function valueSchema(spec: OptionSpec): JsonSchema {
  switch (spec.type) {
    case "text":
      return pattern("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}$");
    case "secret":
      return { ...pattern("^[^\\r\\n]+$"), maxLength: 4096 };
    case "endpoint":
      return pattern("^(https?://[^/?#]+/?|[^/\\s]+:[0-9]{1,5})$");
    case "link":
      return pattern("^https?://");
    case "url":
      return pattern("^(postgres|postgresql|mysql|mariadb)://");
    case "tables":
      return pattern("^[^.,]+\\.[^.,]+$");
    case "location":
      return pattern("^(file:///.+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?)$");
    case "address":
      return pattern("^(.*:)?[0-9]{1,5}$");
    case "path":
    case "users":
      return { type: "string", minLength: 1 };
    case "integer": {
      const [minimum, maximum] = spec.range ?? [0, Number.MAX_SAFE_INTEGER];
      return { type: "integer", minimum, maximum };
    }
    case "bytes":
      return {
        type: ["string", "integer"],
        pattern: "^[0-9]+(\\.[0-9]+)?\\s*[kmgtKMGT]?[iI]?[bB]?$",
      };
    case "duration":
      return {
        type: ["string", "number"],
        pattern: "^[0-9]+(\\.[0-9]+)?\\s*([mM]?[sS]|[mMhH])?$",
        minimum: 0,
      };
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { type: "string", enum: spec.choices ?? [] };
    default:
      return unreachable(spec.type);
  }
}

function pattern(source: string): JsonSchema {
  return { type: "string", pattern: source };
}
