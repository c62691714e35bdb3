import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DOCUMENT_LIMIT_BYTES, decodeDocument, encodeDocument } from "./document-bytes.ts";

describe("a document's bytes", () => {
  it("are JSON when they are few, and compressed when they are many", async () => {
    expect((await encodeDocument("d", { a: "ü" })).toString()).toBe('{"a":"ü"}');
    const long = "SELECT 1 ".repeat(100_000);
    const bytes = await encodeDocument("d", long);
    expect(bytes.length).toBeLessThan(10_000);
    expect(await decodeDocument(bytes)).toBe(long);
  });

  it("are refused, with the document's name, when Consul could not take them", async () => {
    const value = randomBytes(DOCUMENT_LIMIT_BYTES).toString("base64");
    await expect(encodeDocument("caches/mysql", value)).rejects.toThrow(
      /the document caches\/mysql is too large for Consul: \d+ bytes compressed/,
    );
  });
});
