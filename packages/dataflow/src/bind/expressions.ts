import { Unsupported } from "@freshet/sql";
import type { Expression } from "@freshet/sql";
import type { SqlType } from "@freshet/types";
import type { Operand } from "../dialects/dialect.ts";
import { columnsOf, conjunctsOf } from "../plan/expression.ts";
import type { CompareExpr, ComparisonOperator, Expr } from "../plan/expression.ts";
import type { BindContext } from "./context.ts";
import { findColumn } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** Where an expression stands. */
export interface Place {
  readonly scope: Scope;
  /** Takes an aggregate call, or null where aggregates may not stand. */
  readonly aggregate: ((call: Expression & { kind: "call" }) => Expr) | null;
  /** The item of the select list that a name means here, where they are in sight. */
  readonly alias?: (name: string) => Expr | null;
}

const SWAPPED: Record<ComparisonOperator, ComparisonOperator> = {
  "=": "=",
  "<>": "<>",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

/** What the grammar's words stand for. */
const OPERATOR_NAMES: Readonly<Record<string, string>> = { like: "~~", "not like": "!~~" };

/** Turns syntax into typed expressions; the dialect decides what operators mean. */
export class ExpressionBinder {
  readonly #context: BindContext;

  constructor(context: BindContext) {
    this.#context = context;
  }

  /** An expression of known type, as a value. */
  expression(node: Expression, place: Place): Expr {
    return this.#context.dialect.value(this.operand(node, place));
  }

  conjuncts(node: Expression, place: Place, parameters: boolean): readonly Expr[] {
    return conjunctsOf(this.condition(node, place, parameters, "condition"));
  }

  /** With `parameters`, literals beside columns in the conjuncts become parameters. */
  condition(node: Expression, place: Place, parameters: boolean, what: string): Expr {
    const { dialect } = this.#context;
    switch (node.kind) {
      case "and":
        return {
          kind: "and",
          args: node.operands.map((operand) => this.condition(operand, place, parameters, "AND")),
          type: dialect.booleanType,
        };
      case "binary":
        if (!dialect.rules.equalsNull) refuseEqualsNull(node);
        if (parameters && isParameterOperator(node.operator)) {
          return this.#comparison(node.operator, node.left, node.right, place, true);
        }
        break;
      case "between":
        return this.#between(node, place, parameters && !node.negated);
      default:
        break;
    }
    return dialect.condition(this.operand(node, place), what);
  }

  operand(node: Expression, place: Place): Operand {
    const context = this.#context;
    const { dialect } = context;
    const boolean = dialect.booleanType;
    switch (node.kind) {
      case "column": {
        const aliased = node.path.length === 1 ? place.alias?.(node.path[0]!) : undefined;
        if (aliased !== undefined && aliased !== null) return aliased;
        const column = findColumn(place.scope, node.path, dialect.fold);
        column.use();
        return column.expr;
      }
      case "null":
        return context.nullLiteral();
      case "boolean":
        return { kind: "const", value: node.value, type: boolean };
      case "literal":
        context.countConstant(node.at, 1);
        if (node.literal === "string") return context.stringLiteral(node.text);
        return { kind: "const", ...dialect.number(node.text) };
      case "placeholder":
        return context.placeholder(node.at);
      case "unary":
        if (node.operator === "not") {
          return {
            kind: "not",
            arg: this.condition(node.operand, place, false, "NOT"),
            type: boolean,
          };
        }
        context.builtin("operator", node.operator);
        return dialect.unary(node.operator, this.operand(node.operand, place));
      case "binary":
        if (!dialect.rules.equalsNull) refuseEqualsNull(node);
        if (isComparison(node.operator)) {
          return this.#comparison(node.operator, node.left, node.right, place, false);
        }
        context.label = `${node.operator} operand`;
        context.builtin("operator", OPERATOR_NAMES[node.operator] ?? node.operator);
        return dialect.binary(
          node.operator,
          this.operand(node.left, place),
          this.operand(node.right, place),
        );
      case "and":
      case "or":
        return {
          kind: node.kind,
          args: node.operands.map((item) => this.condition(item, place, false, node.kind)),
          type: boolean,
        };
      case "is":
        return this.#is(node, place);
      case "distinct-from": {
        const compared = this.#comparison("=", node.left, node.right, place, false);
        const { left, right, by } = compared;
        return { kind: "distinct-from", negated: node.negated, left, right, by, type: boolean };
      }
      case "in-list":
        return this.#inList(node, place);
      case "any-array":
        return this.#anyArray(node, place);
      case "between":
        return this.#between(node, place, false);
      case "case":
        return this.#case(node, place);
      case "call":
        return this.#call(node, place);
      case "collate":
        return dialect.collate(this.operand(node.operand, place), node.collation);
      case "array":
        throw new Unsupported("ARRAY[…] outside = ANY");
      case "cast": {
        if (node.type.array) throw new Unsupported("a cast to an array");
        const { path, modifiers } = node.type;
        const type = dialect.castType(path, modifiers) ?? context.catalog.type(path, modifiers);
        if (type === null) throw new Unsupported(`type ${node.type.path.join(".")}`);
        context.label = `cast to ${type.name}`;
        const operand = this.operand(node.operand, place);
        if (operand.kind !== "untyped") {
          context.builtin("cast", `${operand.type.upstreamId}>${type.upstreamId}`);
        }
        return dialect.cast(operand, type);
      }
    }
  }

  #comparison(
    operator: string,
    left: Expression,
    right: Expression,
    place: Place,
    parameters: boolean,
  ): CompareExpr {
    const op = (operator === "!=" ? "<>" : operator) as ComparisonOperator;
    const { dialect } = this.#context;
    this.#context.builtin("operator", op);
    if (isSlot(left) && !isSlot(right)) {
      const swapped = this.#comparison(SWAPPED[op], right, left, place, parameters);
      return { ...swapped, op, left: swapped.right, right: swapped.left };
    }
    const a = this.operand(left, place);
    this.#context.label = `${describe(left)} ${op}`;
    if (parameters && isString(right) && this.#context.slots.slotAt(right.at) !== null) {
      // Its text is read per statement: forms that this one cannot read need not stop others.
      const compared = dialect.compare(op, a, this.#context.nullLiteral());
      if (columnsOf(compared.left).length > 0) {
        return { ...compared, right: this.#context.param(right.at, compared.by) };
      }
    }
    const compared = dialect.compare(op, a, this.operand(right, place));
    const literal = right.kind === "literal" && compared.right.kind === "const";
    if (!parameters || !literal || columnsOf(compared.left).length === 0) return compared;
    // A placeholder in its place would be compared in another type: the literal stays as it is.
    const untyped = dialect.compare(op, a, this.#context.nullLiteral());
    if (untyped.by.upstreamId !== compared.by.upstreamId) return compared;
    this.#context.countConstant(right.at, -1);
    return { ...compared, right: this.#context.param(right.at, compared.by) };
  }

  #between(node: Expression & { kind: "between" }, place: Place, parameters: boolean): Expr {
    const type = this.#context.dialect.booleanType;
    const within = (from: Expression, to: Expression, plain: boolean): Expr => {
      const low = this.#comparison(">=", node.operand, from, place, plain);
      const high = this.#comparison("<=", node.operand, to, place, plain);
      return { kind: "and", args: [low, high], type };
    };
    const { low, high, symmetric, negated } = node;
    const between: Expr = symmetric
      ? { kind: "or", args: [within(low, high, false), within(high, low, false)], type }
      : within(low, high, parameters);
    return negated ? { kind: "not", arg: between, type } : between;
  }

  #is(node: Expression & { kind: "is" }, place: Place): Expr {
    const { dialect } = this.#context;
    const negated = node.test.startsWith("not ");
    const word = negated ? node.test.slice(4) : node.test;
    const test = word === "unknown" ? "null" : (word as "null" | "true" | "false");
    const operand = this.operand(node.operand, place);
    const arg =
      word === "null" ? dialect.tested(operand) : dialect.condition(operand, `IS ${node.test}`);
    return { kind: "is", test, negated, arg, type: dialect.booleanType };
  }

  #inList(node: Expression & { kind: "in-list" }, place: Place): Expr {
    const context = this.#context;
    const { dialect } = context;
    context.builtin("operator", node.negated ? "<>" : "=");
    const operand = this.operand(node.operand, place);
    context.label = `${describe(node.operand)} IN`;
    const slot = context.slots.listSlot(node.list.map((element) => element.at));
    // A placeholder must not become a parameter of its own while the type is being found.
    const typed = node.list.map((element) =>
      slot !== null && (element.kind === "placeholder" || isString(element))
        ? context.nullLiteral()
        : this.operand(element, place),
    );
    const compared = typed.map((element) => dialect.compare("=", operand, element));
    const by = widest(compared);
    const coerced = compared.find((item) => item.by === by)!.left;
    const { negated } = node;
    const type = dialect.booleanType;
    if (slot !== null) {
      // All elements may be placeholders in another statement of this shape.
      if (dialect.compare("=", operand, context.nullLiteral()).by.upstreamId !== by.upstreamId) {
        throw new Unsupported(`an IN list of ${by.name} beside ${coerced.type.name}`);
      }
      for (const element of node.list) {
        if (element.kind === "literal" && !isString(element)) context.countConstant(element.at, -1);
      }
      const list = { param: context.listParam(slot, by) };
      return { kind: "in", negated, operand: coerced, list, by, type };
    }
    const list = this.#elements(coerced, typed, by);
    return { kind: "in", negated, operand: coerced, list, by, type };
  }

  #elements(operand: Expr, typed: readonly Operand[], by: SqlType): readonly Expr[] {
    return typed.map((element) => {
      const one = this.#context.dialect.compare("=", operand, element);
      if (one.by.upstreamId !== by.upstreamId) throw new Unsupported("IN list of several types");
      return one.right;
    });
  }

  /** `= ANY(ARRAY[…])` of literals, which stay as written: an array has one type of its own. */
  #anyElements(
    operand: Expr,
    array: Expression & { kind: "array" },
    cast: SqlType | null,
    place: Place,
  ): Expr {
    const { dialect } = this.#context;
    const literals = array.elements.map((element) => {
      if (element.kind !== "literal" && element.kind !== "null") {
        throw new Unsupported("= ANY of an array of anything but literals");
      }
      return this.operand(element, place);
    });
    const typed =
      cast === null
        ? dialect.unify(literals, "ARRAY")
        : literals.map((element) => dialect.cast(element, cast));
    const compared = typed.map((element) => dialect.compare("=", operand, element));
    const by = widest(compared);
    const left = compared.find((item) => item.by === by)!.left;
    const list = this.#elements(left, typed, by);
    return { kind: "in", negated: false, operand: left, list, by, type: dialect.booleanType };
  }

  #anyArray(node: Expression & { kind: "any-array" }, place: Place): Expr {
    const context = this.#context;
    const { dialect } = context;
    if (node.operator !== "=") throw new Unsupported(`${node.operator} ANY (array)`);
    context.builtin("operator", "=");
    const operand = this.operand(node.operand, place);
    if (operand.kind === "untyped") throw new Unsupported("= ANY of an untyped operand");
    const cast = node.array.kind === "cast" ? node.array : null;
    const inner = cast === null ? node.array : cast.operand;
    if (inner.kind === "array") {
      const type = cast === null ? null : this.#arrayElement(cast);
      return this.#anyElements(operand, inner, type, place);
    }
    if (inner.kind !== "placeholder") throw new Unsupported("= ANY of anything but a parameter");
    let element: Operand = context.nullLiteral();
    if (cast !== null) {
      element = { kind: "column", source: 0, column: 0, type: this.#arrayElement(cast) };
    }
    const compared = dialect.compare("=", operand, element);
    context.label = `${describe(node.operand)} = ANY`;
    const slot = context.slots.slotAt(inner.at);
    if (slot === null) throw new Unsupported("a parameter that the lexer did not find");
    const list = { param: context.listParam(slot, compared.by) };
    const { left, by, type } = compared;
    return { kind: "in", negated: false, operand: left, list, by, type };
  }

  #arrayElement(cast: Expression & { kind: "cast" }): SqlType {
    const type = this.#context.catalog.type(cast.type.path, cast.type.modifiers);
    if (type === null || !cast.type.array) throw new Unsupported("= ANY of this cast");
    return type;
  }

  #case(node: Expression & { kind: "case" }, place: Place): Expr {
    const { dialect } = this.#context;
    const whens = node.branches.map(({ when }) =>
      node.operand === null
        ? this.condition(when, place, false, "CASE")
        : this.#comparison("=", node.operand, when, place, false),
    );
    const thens = node.branches.map(({ then }) => this.operand(then, place));
    const last =
      node.otherwise === null ? this.#context.nullLiteral() : this.operand(node.otherwise, place);
    // The upstream looks at ELSE first when it finds the common type (transformCaseExpr).
    const [otherwise, ...results] = dialect.unify([last, ...thens], "CASE");
    const branches = whens.map((when, index) => ({ when, then: results[index]! }));
    return { kind: "case", branches, otherwise: otherwise!, type: otherwise!.type };
  }

  #call(node: Expression & { kind: "call" }, place: Place): Expr {
    const { dialect } = this.#context;
    if (node.name.length === 1) this.#context.builtin("function", node.name[0]!);
    if (dialect.isAggregate(node.name)) {
      if (place.aggregate === null) throw new Unsupported("an aggregate in this place");
      return place.aggregate(node);
    }
    const name = node.name[node.name.length - 1]!;
    if (node.star || node.distinct || node.filter !== null)
      throw new Unsupported(`${name}() in this form`);
    this.#context.label = `${name}()`;
    const args = node.args.map((arg) => this.operand(arg, place));
    if (name === "nullif") this.#context.builtin("operator", "=");
    return dialect.conditional(node.name, args) ?? dialect.call(node.name, args);
  }
}

/** With transform_null_equals on, which sessions need not report, it means IS NULL. */
function refuseEqualsNull(node: Expression & { kind: "binary" }): void {
  if (node.operator === "=" && (node.left.kind === "null" || node.right.kind === "null")) {
    throw new Unsupported("= NULL, which is never true (IS NULL is meant)");
  }
}

function isSlot(node: Expression): boolean {
  return node.kind === "literal" || node.kind === "placeholder";
}

function isString(node: Expression): boolean {
  return node.kind === "literal" && node.literal === "string";
}

function isComparison(operator: string): boolean {
  return Object.hasOwn(SWAPPED, operator) || operator === "!=";
}

function isParameterOperator(operator: string): boolean {
  return isComparison(operator) && operator !== "<>" && operator !== "!=";
}

/** The comparison whose type holds the elements of all the others. */
function widest(compared: readonly CompareExpr[]): SqlType {
  const first = compared[0];
  if (first === undefined) throw new Unsupported("an empty IN list");
  const kinds = ["int", "bigint", "decimal", "float8"];
  return compared.reduce(
    (best, item) => (kinds.indexOf(item.by.kind) > kinds.indexOf(best.kind) ? item.by : best),
    first.by,
  );
}

function describe(node: Expression): string {
  return node.kind === "column" ? node.path.join(".") : "expression";
}
