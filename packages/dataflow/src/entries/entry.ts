import { groupKey } from "@freshet/types";
import type { CanonicalParam, Value } from "@freshet/types";
import { InvariantError } from "@freshet/util";
import type { ParamSpec } from "../contract.ts";
import type { EnvValue } from "../exec/compile-expression.ts";
import type { ListParam } from "../plan/expression.ts";

/** One filled key. */
export interface Entry {
  readonly key: string;
  readonly params: readonly EnvValue[];
}

/** Bytes counted for an entry besides what its state and result take. */
export const ENTRY_OVERHEAD_BYTES = 200;

/** Reads one canonical parameter. Throws Poisoned where the upstream must answer. */
export type ParamReader = (spec: ParamSpec, canonical: string) => Value;

/** Brings canonical parameters into the form expressions read. */
export function readParams(
  specs: readonly ParamSpec[],
  params: readonly CanonicalParam[],
  read: ParamReader,
): readonly EnvValue[] {
  if (params.length !== specs.length) {
    throw new InvariantError(`${params.length} parameters where ${specs.length} are wanted`);
  }
  return specs.map((spec, index): EnvValue => {
    const param = params[index]!;
    if (param === null) return null;
    if (typeof param === "string") {
      if (spec.list) throw new InvariantError(`parameter ${spec.label} must be a list`);
      return read(spec, param);
    }
    if (!spec.list) throw new InvariantError(`parameter ${spec.label} must not be a list`);
    return readList(spec, param, read);
  });
}

function readList(
  spec: ParamSpec,
  elements: readonly (string | null)[],
  read: ParamReader,
): ListParam {
  const types = [spec.type];
  const byKey = new Map<string, NonNullable<Value>>();
  let hasNull = false;
  for (const element of elements) {
    const value = element === null ? null : read(spec, element);
    if (value === null) hasNull = true;
    else byKey.set(groupKey(types, [value]), value);
  }
  return { values: [...byKey.values()], hasNull, keys: new Set(byKey.keys()) };
}

export function isList(value: EnvValue): value is ListParam {
  return typeof value === "object" && value !== null && "keys" in value;
}
