import { expect, test } from "vitest";
import type { HiddenSettings } from "./probe.ts";
import { fixedOffsetMinutes, SessionSettings } from "./settings.ts";

const HIDDEN: HiddenSettings = {
  database: "film",
  account: "app@%",
  modes: new Set(["STRICT_TRANS_TABLES"]),
  characterSets: ["utf8mb4", "utf8mb4", "utf8mb4"],
  timeZone: "SYSTEM",
  systemTimeZone: "UTC",
  isolation: "REPEATABLE-READ",
  unusual: [],
  resultCharset: 255,
};

test.each([
  ["+05:30", "UTC", 330],
  ["-08:00", "CET", -480],
  ["UTC", "CET", 0],
  ["GMT", "CET", 0],
  ["Europe/London", "UTC", null],
  ["SYSTEM", "UTC", 0],
  ["SYSTEM", "CET", null],
  // What a server in London that was started in winter says of itself, in summer too.
  ["SYSTEM", "GMT", null],
])("time_zone %s of a system in %s", (zone, system, expected) => {
  expect(fixedOffsetMinutes(zone, system)).toBe(expected);
});

test("no cache is used where CHAR is read with all its blanks", () => {
  expect(new SessionSettings(HIDDEN).scope?.identity).toBe('{"db":"film","modes":[]}');
  const modes = new Set(["PAD_CHAR_TO_FULL_LENGTH"]);
  expect(new SessionSettings({ ...HIDDEN, modes }).scope).toBeNull();
});
