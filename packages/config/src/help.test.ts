import { describe, expect, it } from "vitest";
import { helpText } from "./help.ts";
import { OPTIONS } from "./options.data.ts";

describe("help", () => {
  it("names every option and stays within 80 columns", () => {
    const text = helpText();
    for (const { name } of OPTIONS) expect(text).toContain(`--${name}`);
    expect(text.split("\n").filter((line) => line.length > 80 && !line.includes("://"))).toEqual(
      [],
    );
  });

  it("gives every environment variable one meaning", () => {
    expect(new Set(OPTIONS.flatMap(({ env }) => env)).size).toBe(
      OPTIONS.flatMap(({ env }) => env).length,
    );
  });
});
