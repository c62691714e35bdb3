import { expect, test } from "vitest";
import { fixedOffsetMinutes } from "./settings.ts";

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
