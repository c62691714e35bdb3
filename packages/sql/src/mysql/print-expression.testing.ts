/** A tree as SQL with every operation in parentheses, for tests. */
import type { Expression } from "../ast.ts";

export function printed(e: Expression): string {
  switch (e.kind) {
    case "column":
      return e.path.map((name) => `\`${name}\``).join(".");
    case "null":
      return "NULL";
    case "boolean":
      return String(e.value);
    case "literal":
      if (e.literal !== "string") return e.text.startsWith("-") ? `(${e.text})` : e.text;
      return `'${e.text.replaceAll("'", "''")}'`;
    case "placeholder":
      return "?";
    case "unary":
      // NOT is no operand of most operators, in parentheses it is.
      return `(${e.operator} ${printed(e.operand)})`;
    case "binary": {
      if (e.operator === "||") return `concat(${printed(e.left)}, ${printed(e.right)})`;
      return `(${printed(e.left)} ${e.operator} ${printed(e.right)})`;
    }
    case "and":
    case "or":
      return `(${e.operands.map(printed).join(` ${e.kind} `)})`;
    case "is":
      return `(${printed(e.operand)} is ${e.test})`;
    case "in-list":
      return `(${printed(e.operand)} ${e.negated ? "not in" : "in"} (${e.list.map(printed).join()}))`;
    case "between": {
      const word = e.negated ? "not between" : "between";
      return `(${printed(e.operand)} ${word} ${printed(e.low)} and ${printed(e.high)})`;
    }
    case "case": {
      const branches = e.branches.map(
        ({ when, then }) => `when ${printed(when)} then ${printed(then)}`,
      );
      const operand = e.operand === null ? "" : printed(e.operand);
      const otherwise = e.otherwise === null ? "" : `else ${printed(e.otherwise)}`;
      return `(case ${operand} ${branches.join(" ")} ${otherwise} end)`;
    }
    case "call":
      if (e.name[0] === "~") return `(~ ${e.args.map(printed).join()})`;
      return `${e.name.join(".")}(${e.star ? "*" : e.args.map(printed).join()})`;
    default:
      throw new Error(`cannot print ${e.kind}`);
  }
}
