import { describe, expect, it } from "vitest";
import { helmOptions, helmValuesSchema } from "./helm-schema.ts";
import { optionJsonSchema } from "./option-json-schema.ts";
import type { OptionSpec, OptionType } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";
import { parseValue } from "./parse-value.ts";

const SPECS: readonly OptionSpec[] = OPTIONS;

describe("the chart's schema", () => {
  it("offers every option but secrets, actions and what the chart sets itself", () => {
    const names = Object.keys(helmOptions());
    expect(names).toContain("in-transaction");
    expect(names).toContain("replication-tables");
    for (const spec of SPECS) {
      if (spec.secret === true || spec.group === "Actions") expect(names).not.toContain(spec.name);
    }
    for (const name of ["address", "storage-dir", "member-name"]) expect(names).not.toContain(name);
  });

  it("refuses values that it does not know", () => {
    const schema = helmValuesSchema() as { additionalProperties: boolean };
    expect(schema.additionalProperties).toBe(false);
  });
});

describe("an option's schema accepts what the command accepts", () => {
  const examples: readonly (readonly [type: OptionType, good: string, bad: string])[] = [
    ["text", "eu-west.server_1", "with space"],
    ["secret", "any text, one line", "two\nlines"],
    ["endpoint", "https://consul.example:8501", "consul"],
    ["endpoint", "127.0.0.1:8500", "https://host/path"],
    ["link", "http://127.0.0.1:4318/v1/traces", "otel:4318"],
    ["tables", "public.*", "orders"],
    ["location", "s3://bucket/prefix", "/var/backups"],
    ["location", "file:///backup", "file:backup"],
    ["bytes", "1.5GB", "much"],
    ["bytes", "512Mi", "12 pounds"],
    ["duration", "250ms", "soon"],
    ["duration", "1.5h", "1d"],
  ];
  it.each(examples)("%s: %s, not %s", (type, good, bad) => {
    const spec: OptionSpec = {
      ...{ key: "k", name: "n", env: [], group: "Running", type, default: null, help: "" },
    };
    const schema = optionJsonSchema(spec);
    const accepted = (text: string): boolean => new RegExp(String(schema["pattern"])).test(text);
    expect([accepted(good), parseValue(spec, good).ok]).toEqual([true, true]);
    expect([accepted(bad), parseValue(spec, bad).ok]).toEqual([false, false]);
  });
});
