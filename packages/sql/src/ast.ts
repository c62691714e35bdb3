/**
 * The neutral syntax tree of a cacheable SELECT: what every dialect's parser produces and the
 * binder in `dataflow` consumes. A construct that has no node here is refused by the parser
 * with a reason (`Unsupported`), never approximated. Names are already folded as the dialect
 * folds them. `at` is the byte offset in the statement's text.
 */

/** Thrown by parsers and binder: the query is fine, we cannot keep it incrementally. */
export class Unsupported extends Error {
  override readonly name = "Unsupported";
}

export interface SelectStatement {
  readonly ctes: readonly {
    readonly name: string;
    readonly query: SelectStatement;
    readonly columns: readonly string[];
  }[];
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: readonly FromItem[];
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Expression | null;
  readonly offset: Expression | null;
}

export type SelectItem =
  /** `*` or `t.*`; `relation` null is every relation of FROM. */
  | { readonly kind: "star"; readonly relation: readonly string[] | null }
  | { readonly kind: "expression"; readonly expression: Expression; readonly alias: string | null };

export interface OrderItem {
  readonly expression: Expression;
  readonly descending: boolean;
  /** Null: the dialect's default for the direction. */
  readonly nullsFirst: boolean | null;
}

export type FromItem =
  | {
      readonly kind: "table";
      readonly schema: string | null;
      readonly name: string;
      readonly alias: string | null;
      readonly columnAliases: readonly string[];
    }
  | {
      readonly kind: "subquery";
      readonly query: SelectStatement;
      readonly alias: string;
      readonly columnAliases: readonly string[];
    }
  | {
      readonly kind: "join";
      readonly join: "inner" | "left" | "right" | "full" | "cross";
      readonly left: FromItem;
      readonly right: FromItem;
      readonly on: Expression | null;
      /** USING columns, or "natural"; both merge columns as SQL says. */
      readonly using: readonly string[] | "natural" | null;
    };

export type Expression =
  | { readonly kind: "column"; readonly path: readonly string[]; readonly at: number }
  | { readonly kind: "null"; readonly at: number }
  | { readonly kind: "boolean"; readonly value: boolean; readonly at: number }
  /** `text` is the literal's content, Unicode; `at` is where it starts (with a folded sign). */
  | {
      readonly kind: "literal";
      readonly literal: "integer" | "decimal" | "string";
      readonly text: string;
      readonly at: number;
    }
  | { readonly kind: "placeholder"; readonly index: number; readonly at: number }
  | {
      readonly kind: "unary";
      readonly operator: "-" | "+" | "not";
      readonly operand: Expression;
      readonly at: number;
    }
  /** Arithmetic, comparison, `||`, LIKE and the like, by the dialect's operator text. */
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: number;
    }
  | { readonly kind: "and" | "or"; readonly operands: readonly Expression[]; readonly at: number }
  | {
      readonly kind: "is";
      readonly test:
        | "null"
        | "not null"
        | "true"
        | "not true"
        | "false"
        | "not false"
        | "unknown"
        | "not unknown";
      readonly operand: Expression;
      readonly at: number;
    }
  | {
      readonly kind: "distinct-from";
      readonly negated: boolean;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: number;
    }
  | {
      readonly kind: "in-list";
      readonly negated: boolean;
      readonly operand: Expression;
      readonly list: readonly Expression[];
      readonly at: number;
    }
  /** `operand = ANY(array)`; array is a placeholder, an "array" or a cast of one of them. */
  | {
      readonly kind: "any-array";
      readonly operand: Expression;
      readonly operator: string;
      readonly array: Expression;
      readonly at: number;
    }
  | {
      readonly kind: "between";
      readonly negated: boolean;
      readonly symmetric: boolean;
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly at: number;
    }
  | {
      readonly kind: "case";
      readonly operand: Expression | null;
      readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | null;
      readonly at: number;
    }
  | {
      readonly kind: "call";
      readonly name: readonly string[];
      readonly args: readonly Expression[];
      readonly star: boolean;
      readonly distinct: boolean;
      readonly filter: Expression | null;
      readonly at: number;
    }
  /** `ARRAY[…]`, only as the array of `any-array`. */
  | { readonly kind: "array"; readonly elements: readonly Expression[]; readonly at: number }
  | {
      readonly kind: "collate";
      readonly operand: Expression;
      readonly collation: readonly string[];
      readonly at: number;
    }
  | {
      readonly kind: "cast";
      readonly operand: Expression;
      readonly type: TypeName;
      readonly at: number;
    };

export interface TypeName {
  readonly path: readonly string[];
  readonly modifiers: readonly number[];
  readonly array: boolean;
}
