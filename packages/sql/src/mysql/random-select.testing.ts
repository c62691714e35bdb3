/** Random expressions and SELECT statements for tests, with few parentheses and many operators. */
import * as fc from "fast-check";

const value = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map(String),
  fc.constantFrom("1.5", ".5", "2.", "1e3", "18446744073709551615", "9223372036854775808"),
  fc.constantFrom("'1'", "'a'", '"b"', "'it''s'", "'2' '3'", "null", "true", "false"),
);
const column = fc.constantFrom("a", "b", "c", "`b`", "t.a", "s");
const space = fc.constantFrom(" ", " ", " ", "  ", "\n", "/* - */", " -- x\n", " # y\n");
const infix = fc.constantFrom(
  ..."+ - * / % div mod ^ | & << >> = <> != < <= > >= <=> and && or || xor".split(" "),
);
const test = fc.constantFrom(
  ...["null", "not null", "true", "not true", "false", "not false", "unknown", "not unknown"],
);

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie("expression");
  return {
    expression: fc.oneof(
      { maxDepth: 4, depthIdentifier: "expression" },
      value,
      column,
      fc.tuple(fc.constantFrom("-", "+", "!", "~", "not "), inner).map((parts) => parts.join(" ")),
      fc.tuple(inner, space, infix, space, inner).map((parts) => parts.join("")),
      fc.tuple(inner, space, infix, space, inner).map((parts) => parts.join("")),
      inner.map((operand) => `(${operand})`),
      fc.tuple(inner, test).map(([operand, word]) => `${operand} is ${word}`),
      fc
        .tuple(inner, fc.constantFrom("", "not "), inner, inner)
        .map(([a, not, b, c]) => `${a} ${not}between ${b} and ${c}`),
      fc
        .tuple(inner, fc.constantFrom("like", "not like", "regexp", "not rlike"), inner)
        .map((parts) => parts.join(" ")),
      fc
        .tuple(
          inner,
          fc.constantFrom("in", "not in"),
          fc.array(inner, { minLength: 1, maxLength: 3 }),
        )
        .map(([a, word, list]) => `${a} ${word} (${list.join(",")})`),
      fc.tuple(inner, inner).map(([a, b]) => `case when ${a} then ${b} else -1 end`),
      fc.tuple(inner, inner).map(([a, b]) => `ifnull(${a},${b})`),
    ),
  };
});

/** Operands and operators one after the other: where only precedence groups them. */
const operand = fc
  .tuple(
    fc.constantFrom("", "", "", "", "-", "!", "~", "not ", "+"),
    fc.oneof(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 9 }).map(String)),
    fc.constantFrom("", "", "", "", "", "", " is null", " is not true", " in (1,a)", " like '1'"),
  )
  .map((parts) => parts.join(""));
const joining = fc.oneof(
  { weight: 6, arbitrary: infix },
  { weight: 1, arbitrary: fc.constantFrom("between 1 and", "not between c and", "regexp") },
);
const chain = fc
  .tuple(operand, fc.array(fc.tuple(joining, operand), { minLength: 2, maxLength: 5 }))
  .map(([first, others]) => [first, ...others.map((parts) => parts.join(" "))].join(" "));

/** Over the columns `a`, `b`, `c` (numbers) and `s` of a table `t`. */
export const randomExpression: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: chain },
  { weight: 1, arbitrary: expression },
);

const selectItem = fc.oneof(
  fc.constantFrom("a", "t.b as x", "1 + 2", "count(*)", "'x' y", "- 5", "a in (1,2)", "?", "a-1"),
  operand,
);

/** Not all can be read: operators that do not associate are combined freely. */
export const randomSelect: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(selectItem, { minLength: 1, maxLength: 3 }),
    randomExpression,
    fc.constantFrom("", " order by 1", " limit 5", " limit ? offset 2", " limit 3, ?"),
  )
  .map(([items, where, tail]) => `select ${items.join(",")} from t where ${where}${tail}`);
