/** Random SELECT statements for tests, rich in signs, casts and lists. */
import * as fc from "fast-check";

const value = fc.oneof(
  fc.integer({ min: 0, max: 3_000_000_000 }).map(String),
  fc.constantFrom("1.5", ".5", "2.", "1e3", "9223372036854775808", "2147483648"),
  fc.constantFrom("'a'", "'it''s'", "E'\\n'", "'é'", "''", "$$d$$"),
  fc.integer({ min: 1, max: 9 }).map((index) => `$${index}`),
);
const name = fc.constantFrom("a", "b.c", '"Q q"', "t.limit", "é");
const infix = fc.constantFrom("+", "-", "*", "/", "||", "=", "<", "<>", "and", "or", "like", "->>");
const space = fc.constantFrom(" ", "  ", "\n", "/* - */", " --x\n");

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie("expression");
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression" },
      value,
      name,
      fc.tuple(space, inner).map(([gap, operand]) => `-${gap}${operand}`),
      fc.tuple(inner, space, infix, space, inner).map((parts) => parts.join("")),
      inner.map((operand) => `(${operand})`),
      fc.tuple(value, space).map(([operand, gap]) => `${operand}${gap}::int`),
      inner.map((operand) => `cast(${operand} as numeric(10,2))`),
      fc.tuple(name, inner, inner).map(([a, b, c]) => `(${a} between ${b} and (${c}))`),
      fc
        .tuple(name, fc.array(fc.oneof(value, inner), { minLength: 1, maxLength: 4 }))
        .map(([a, list]) => `${a} in (${list.join(",")})`),
      fc.tuple(inner, inner).map(([a, b]) => `case when ${a} then ${b} else -1 end`),
      fc.tuple(name, inner).map(([a, b]) => `coalesce(${a},${b})`),
    ),
  };
});

/** Not all parse: operators that do not associate are combined freely. */
export const randomSelect: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(expression, { minLength: 1, maxLength: 3 }),
    expression,
    fc.constantFrom("", " order by 1", " limit 5", " limit $1 offset 2"),
  )
  .map(([items, where, tail]) => `select ${items.join(",")} from t where ${where}${tail}`);
