/** Our tree in a form that can be compared with the second parser's: see `second-tree.ts`. */
import type { Expression, FromItem, SelectStatement } from "../ast.ts";
import type { SecondText } from "./second-text.ts";

type Nested = string | readonly Nested[];

/** Nested lists as text; AND in AND and OR in OR are one list. */
export function node(head: string, ...parts: readonly Nested[]): string {
  return `(${[head, ...parts.map(flat)].join(" ")})`;
}

function flat(part: Nested): string {
  return typeof part === "string" ? part : `[${part.map(flat).join(" ")}]`;
}

/** AND and OR associate: `(and a (and b c))` is `(and a b c)`. */
export function chain(kind: "and" | "or", operands: readonly string[]): string {
  const prefix = `(${kind} `;
  return node(
    kind,
    ...operands.map((o) => (o.startsWith(prefix) ? o.slice(prefix.length, -1) : o)),
  );
}

export function negated(operand: string): string {
  return /^\d+$/.test(operand) ? `-${operand}` : node("-", operand);
}

export class FirstTree {
  readonly #second: SecondText;

  constructor(second: SecondText) {
    this.#second = second;
  }

  select(statement: SelectStatement): string {
    const list = (nodes: readonly Expression[]): string[] => nodes.map((e) => this.expression(e));
    return node(
      "select",
      statement.ctes.map((cte) => [
        this.#name(cte.name),
        cte.columns.map((column) => this.#name(column)),
        this.select(cte.query),
      ]),
      String(statement.distinct),
      statement.items.map((item) =>
        item.kind === "star"
          ? [this.#path(item.relation ?? []), "*"]
          : [this.expression(item.expression), this.#name(item.alias)],
      ),
      statement.from.map((item) => this.#from(item)),
      this.#optional(statement.where),
      list(statement.groupBy),
      this.#optional(statement.having),
      statement.orderBy.map((item) => [this.expression(item.expression), String(item.descending)]),
      this.#optional(statement.limit),
      this.#optional(statement.offset),
    );
  }

  #name(name: string | null): string {
    return name === null ? "-" : this.#second.mark(name);
  }

  #path(path: readonly string[]): string {
    return path.map((name) => this.#second.mark(name)).join(".");
  }

  #optional(expression: Expression | null): string {
    return expression === null ? "-" : this.expression(expression);
  }

  #from(item: FromItem): string {
    switch (item.kind) {
      case "table": {
        const path = item.schema === null ? [item.name] : [item.schema, item.name];
        return node("table", this.#path(path), this.#name(item.alias));
      }
      case "subquery": {
        const columns = item.columnAliases.map((name) => this.#name(name));
        return node("query", this.select(item.query), this.#name(item.alias), columns);
      }
      case "join": {
        const { using, on } = item;
        const shared = using === "natural" ? [] : (using ?? []).map((name) => this.#name(name));
        // A join without a condition is the same whatever it is called.
        const bare = on === null && shared.length === 0 && item.join === "inner";
        const kind = bare || using === "natural" ? "cross" : item.join;
        const sides = [this.#from(item.left), this.#from(item.right)];
        return node("join", kind, ...sides, this.#optional(on), shared);
      }
    }
  }

  expression(e: Expression): string {
    switch (e.kind) {
      case "column":
        return this.#path(e.path);
      case "null":
        return "null";
      case "boolean":
        return String(e.value);
      case "literal":
      case "placeholder":
        return this.#second.literal(e.at);
      case "unary": {
        const operand = this.expression(e.operand);
        return e.operator === "-" ? negated(operand) : node(e.operator, operand);
      }
      case "binary":
        return this.#binary(e);
      case "and":
      case "or":
        return chain(
          e.kind,
          e.operands.map((operand) => this.expression(operand)),
        );
      case "is": {
        const word = e.test.replace("not ", "").replace("unknown", "null");
        return node(e.test.startsWith("not ") ? "is not" : "is", this.expression(e.operand), word);
      }
      case "in-list": {
        const list = e.list.map((element) => this.expression(element));
        return node(e.negated ? "not in" : "in", this.expression(e.operand), list);
      }
      case "between": {
        const bounds = [this.expression(e.low), this.expression(e.high)];
        return node(e.negated ? "not between" : "between", this.expression(e.operand), bounds);
      }
      case "case":
        return node(
          "case",
          this.#optional(e.operand),
          e.branches.map(({ when, then }) => [this.expression(when), this.expression(then)]),
          this.#optional(e.otherwise),
        );
      case "call":
        return this.#call(e);
      case "cast":
        return node("f_cast", this.expression(e.operand), "0");
      case "collate":
        return node("collate", this.expression(e.operand), this.#path(e.collation));
      case "distinct-from":
      case "any-array":
      case "array":
        return node(e.kind);
    }
  }

  #binary(e: Expression & { kind: "binary" }): string {
    const { operator, right } = e;
    const left = this.expression(e.left);
    if (right.kind === "call" && right.name[0] === "like_escape") {
      const [text, escape] = right.args.map((argument) => this.expression(argument));
      return node(operator, left, text ?? "", "escape", escape ?? "");
    }
    const name = operator === "<=>" ? "=" : operator === "!=" ? "<>" : operator;
    return node(name, left, this.expression(right));
  }

  #call(e: Expression & { kind: "call" }): string {
    const name = (e.name[0] ?? "").toLowerCase();
    const args = e.star ? ["0"] : e.args.map((argument) => this.expression(argument));
    return name === "~" ? node("~", ...args) : node(`f_${name}`, ...args);
  }
}
