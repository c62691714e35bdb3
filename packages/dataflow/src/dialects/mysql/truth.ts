import { Unsupported } from "@freshet/sql";
import type { Decimal } from "@freshet/types";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { isNumber } from "./number-types.ts";
import { isQuotient } from "./quotients.ts";
import { CONDITION } from "./types.data.ts";

const NOT_ZERO: ScalarFunction = {
  name: "<>0",
  evaluate: (v) => (typeof v === "object" ? (v as Decimal).unscaled !== 0n : v !== 0 && v !== 0n),
};

/** An operand as a condition: any number is one, true unless it is 0. */
export function truth(operand: Operand, what: string): Expr {
  if (operand.kind === "untyped") {
    if (operand.form === "null") return operand.resolve(CONDITION);
    throw new Unsupported(`${what} is a ${operand.form === "string" ? "string" : "parameter"}`);
  }
  if (operand.type.kind === "bool") return operand;
  // A text would be read as a number; a quotient may be rounded to 0.
  if (!isNumber(operand.type) || isQuotient(operand.type)) {
    throw new Unsupported(`${what} is ${operand.type.name}, not a number`);
  }
  return convert(operand, CONDITION, NOT_ZERO);
}
