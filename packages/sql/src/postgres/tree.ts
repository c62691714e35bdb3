/**
 * Reads the JSON tree of libpg-query. Every field must be named by the reader: a field it does
 * not expect means syntax it does not know, and that is refused, never skipped.
 */
import type { Unsupported } from "../ast.ts";
import { unsupported } from "../unsupported.ts";

export { unsupported } from "../unsupported.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A node of the tree: `{ "A_Const": { … } }`. */
export interface TreeNode {
  readonly tag: string;
  readonly fields: Fields;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a tag is called when it is refused. */
const NAMES: Readonly<Record<string, string>> = {
  SubLink: "a subquery in an expression",
  WindowDef: "window functions",
  GroupingSet: "GROUPING SETS",
  GroupingFunc: "GROUPING()",
  RangeFunction: "a function in FROM",
  RangeTableSample: "TABLESAMPLE",
  RangeTableFunc: "XMLTABLE",
  JsonTable: "JSON_TABLE",
  RowExpr: "a row constructor",
  A_ArrayExpr: "ARRAY[…]",
  A_Indirection: "a subscript or field selection",
  SQLValueFunction: "a function of the session or the current time",
  NamedArgExpr: "a named argument",
  CurrentOfExpr: "CURRENT OF",
  SetToDefault: "DEFAULT",
  A_Star: "a whole-row reference",
  MultiAssignRef: "a multiple assignment",
};

export class Fields {
  readonly #object: JsonObject;
  readonly #tag: string;
  readonly #read = new Set<string>();

  constructor(tag: string, object: JsonObject) {
    this.#tag = tag;
    this.#object = object;
  }

  #field(name: string): Json | undefined {
    this.#read.add(name);
    return this.#object[name];
  }

  has(name: string): boolean {
    return this.#field(name) !== undefined;
  }

  string(name: string): string | null {
    const value = this.#field(name);
    return typeof value === "string" ? value : null;
  }

  requiredString(name: string): string {
    const value = this.string(name);
    if (value === null) throw this.#unexpected(name);
    return value;
  }

  /** Absent is 0, as protobuf has it. */
  number(name: string): number {
    const value = this.#field(name) ?? 0;
    if (typeof value !== "number") throw this.#unexpected(name);
    return value;
  }

  /** Absent is false. */
  boolean(name: string): boolean {
    const value = this.#field(name) ?? false;
    if (typeof value !== "boolean") throw this.#unexpected(name);
    return value;
  }

  /** A message field: not wrapped in its tag. */
  message(name: string): Fields | null {
    const value = this.#field(name);
    if (value === undefined) return null;
    if (!isObject(value)) throw this.#unexpected(name);
    return new Fields(name, value);
  }

  messages(name: string): Fields[] {
    const value = this.#field(name) ?? [];
    if (!Array.isArray(value)) throw this.#unexpected(name);
    return (value as readonly Json[]).map((item) => {
      if (!isObject(item)) throw this.#unexpected(name);
      return new Fields(name, item);
    });
  }

  node(name: string): TreeNode | null {
    const value = this.#field(name);
    return value === undefined ? null : toNode(value);
  }

  requiredNode(name: string): TreeNode {
    const node = this.node(name);
    if (node === null) throw this.#unexpected(name);
    return node;
  }

  nodes(name: string): TreeNode[] {
    const value = this.#field(name) ?? [];
    if (!Array.isArray(value)) throw this.#unexpected(name);
    return (value as readonly Json[]).map(toNode);
  }

  /** A list of String nodes. */
  strings(name: string): string[] {
    return this.nodes(name).map(stringOf);
  }

  /** Fields that carry nothing for us, such as locations. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  /** Refuses the statement if the field is there. */
  refuse(name: string, what: string): void {
    if (this.#field(name) !== undefined) throw unsupported(what);
  }

  /** Refuses the statement if any field was not read. */
  end(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#read.has(name)) throw this.#unexpected(name);
    }
  }

  #unexpected(name: string): Unsupported {
    return unsupported(`the syntax ${this.#tag}.${name}`);
  }
}

function toNode(value: Json): TreeNode {
  if (!isObject(value)) throw unsupported("an empty syntax node");
  const [tag, ...others] = Object.keys(value);
  if (tag === undefined) return { tag: "", fields: new Fields("", {}) };
  const object = value[tag];
  if (others.length > 0 || !isObject(object)) throw unsupported(`the syntax ${tag}`);
  return { tag, fields: new Fields(tag, object) };
}

export function rootFields(value: Json): Fields {
  if (!isObject(value)) throw unsupported("this statement");
  return new Fields("statement", value);
}

export function stringOf(node: TreeNode): string {
  const { fields } = expectTag(node, "String");
  const value = fields.string("sval") ?? "";
  fields.end();
  return value;
}

export function expectTag(node: TreeNode, tag: string): TreeNode {
  if (node.tag !== tag) throw unknownNode(node);
  return node;
}

export function unknownNode(node: TreeNode): Unsupported {
  return unsupported(NAMES[node.tag] ?? `the syntax ${node.tag === "" ? "used" : node.tag}`);
}
