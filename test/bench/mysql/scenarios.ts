import type { Scenario } from "../bench.ts";
import { film } from "./film.ts";
import { forward, mixed } from "./forward.ts";
import { point } from "./point.ts";
import { snapshot } from "./snapshot.ts";
import { visible } from "./visible.ts";

export const MYSQL_SCENARIOS: readonly Scenario[] = [
  point,
  forward,
  mixed,
  film,
  visible,
  snapshot,
];
