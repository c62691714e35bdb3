import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "./parse-address.ts";
import { parseUsers } from "./parse-users.ts";
import { parseBytes, parseDuration } from "./parse-value.ts";
import { redact } from "./redact.ts";

describe("parseBytes", () => {
  it.each([
    ["0", 0],
    ["512", 512],
    ["1k", 1024],
    ["1.5 MiB", 1572864],
    ["2GB", 2147483648],
    ["1TB", 1024 ** 4],
  ])("reads %s", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(["", "-1", "GB", "1PB", "1e3", "2 G B"])("refuses %s", (text) =>
    expect(parseBytes(text)).toBeNull(),
  );
});

describe("parseDuration", () => {
  it.each([
    ["0", 0],
    ["5", 5000],
    ["250ms", 250],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("reads %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "5 days", "-1s", "1000h"])("refuses %s", (text) =>
    expect(parseDuration(text)).toBeNull(),
  );
});

describe("parseAddress", () => {
  it.each([
    ["127.0.0.1:5433", "127.0.0.1:5433"],
    ["[::1]:5433", "[::1]:5433"],
    ["db.example:1", "db.example:1"],
    [":5433", "[::]:5433"],
    ["5433", "127.0.0.1:5433"],
  ])("reads %s", (text, shown) => {
    const address = parseAddress(text);
    expect(address === null ? null : formatAddress(address)).toBe(shown);
  });

  it.each(["", "host", "host:", "::1:5433", "host:65536", "a b:1"])("refuses %s", (text) =>
    expect(parseAddress(text)).toBeNull(),
  );
});

describe("parseUsers", () => {
  it.each(["", "ann", "ann:", ":x", "ann:a,ann:b", 'ann:"open', 'ann:"a"b', "ann:a,,bob:b"])(
    "refuses %s",
    (text) => expect(parseUsers(text)).toBeNull(),
  );
});

describe("redact", () => {
  it.each([
    ["postgres://ann:s3cret@db/x", "postgres://ann:***@db/x"],
    ["to postgresql://ann:p%40:w@db:1/x failed", "to postgresql://ann:***@db:1/x failed"],
    ["host=db password=s3cret user=ann", "host=db password=*** user=ann"],
    ["host=db password='a b' user=ann", "host=db password=*** user=ann"],
    ["nothing to hide: a@b", "nothing to hide: a@b"],
  ])("redacts %s", (text, shown) => expect(redact(text)).toBe(shown));
});
