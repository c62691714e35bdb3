import { chartValues } from "./helm-values.data.ts";
import { type JsonSchema, optionJsonSchema } from "./option-json-schema.ts";
import type { OptionSpec } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";
import { rolesOf } from "./reference.ts";

type Name = (typeof OPTIONS)[number]["name"];

/**
 * Options that the chart sets from values of their own, because more than an environment variable
 * depends on them: ports of Services, mounted files, Secrets, the time that a pod has to end.
 */
const SET_BY_CHART: readonly Name[] = [
  "upstream-db-url",
  "ssl-root-cert",
  "address",
  "metrics-address",
  "allowed-users",
  "tls-cert",
  "tls-key",
  "memory-limit",
  "storage-dir",
  "deployment",
  "authority",
  "authority-address",
  "authority-token",
  "authority-ca",
  "authority-cert",
  "authority-key",
  "member-name",
  "region",
  "fallback-region",
  "rpc-address",
  "advertise-host",
  "rpc-secret",
  "rpc-tls-cert",
  "rpc-tls-key",
  "rpc-tls-ca",
  "backup",
  "drain-delay",
  "drain-timeout",
];

/** What the chart's `config` may name: everything that it does not set itself. */
function configurable(): readonly OptionSpec[] {
  const managed = new Set<string>(SET_BY_CHART);
  return (OPTIONS as readonly OptionSpec[]).filter(
    (spec) => spec.env.length > 0 && !managed.has(spec.name),
  );
}

/** `values.schema.json` of the Helm chart: a misspelt or impossible value is refused by name. */
export function helmValuesSchema(): JsonSchema {
  const options = configurable().map((spec) => [spec.name, optionJsonSchema(spec)] as const);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Values of the Freshet chart",
    ...chartValues(option, {
      description: "any other option by its name, see CONFIGURATION.md",
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(options),
    }),
  };
}

/** For the chart's templates: the environment variable and the roles of what `config` names. */
export function helmOptions(): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    configurable().map((spec) => [spec.name, { env: spec.env[0], roles: rolesOf(spec) }]),
  );
}

function option(name: Name): JsonSchema {
  const spec = (OPTIONS as readonly OptionSpec[]).find((one) => one.name === name);
  return spec === undefined ? {} : optionJsonSchema(spec);
}
