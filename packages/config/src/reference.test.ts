import { describe, expect, it } from "vitest";
import type { OptionSpec } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";
import { configurationMarkdown, rolesOf } from "./reference.ts";

const SPECS: readonly OptionSpec[] = OPTIONS;

function roles(name: string): readonly string[] | undefined {
  const spec = SPECS.find((one) => one.name === name);
  return spec === undefined ? undefined : rolesOf(spec);
}

describe("the configuration reference", () => {
  it("has every option and every environment variable", () => {
    const text = configurationMarkdown();
    for (const { name, env } of SPECS) {
      expect(text).toContain(`| \`--${name}\``);
      for (const variable of env) expect(text).toContain(`\`${variable}\``);
    }
  });

  it("says which role uses an option", () => {
    expect(roles("upstream-db-url")).toEqual(["combined", "server", "adapter"]);
    expect(roles("address")).toEqual(["combined", "adapter"]);
    expect(roles("storage-dir")).toEqual(["combined", "server"]);
    expect(roles("backup")).toEqual(["server"]);
    expect(roles("rpc-address")).toEqual(["server"]);
    expect(roles("rpc-secret")).toEqual(["server", "adapter"]);
    expect(roles("fallback-region")).toEqual(["adapter"]);
  });
});
