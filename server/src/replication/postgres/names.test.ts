import { expect, test } from "vitest";
import { setupNames } from "./names.ts";

const all = (deployment: string, replica: string | null) => {
  const names = setupNames(deployment, replica);
  return [names.slot, names.backupSlot, names.publication, ...Object.values(names.triggers)];
};

test("plain names are readable, and a combined deployment keeps its own", () => {
  expect(setupNames("prod", "s1").slot).toBe("freshet_prod_s1");
  expect(setupNames("My-App.1").slot).toBe("freshet_my_app_1");
});

test("two replicas never share a name", () => {
  const long = "x".repeat(80);
  const pairs: [string, string][] = [
    ["d", "a-b"],
    ["d", "a_b"],
    ["d", "A_b"],
    ["d_a", "b"],
    ["d", "a.b"],
    [long, "a"],
    [long, "b"],
    ["d", `${long}1`],
    ["d", `${long}2`],
    ["d", "ä"],
    ["d", "ö"],
  ];
  const names = pairs.flatMap(([deployment, replica]) => [...new Set(all(deployment, replica))]);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9_]{1,63}$/);
});
