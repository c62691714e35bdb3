import type { TypeName } from "../ast.ts";
import { expectTag, type Fields, unsupported } from "./tree.ts";

/** A type as it is written: `pg_catalog.int4` for the words of the grammar (`int`), else as is. */
export function typeNameOf(fields: Fields): TypeName {
  fields.ignore("location");
  fields.refuse("typeOid", "an internal type name");
  fields.refuse("setof", "SETOF");
  fields.refuse("pct_type", "%TYPE");
  if (fields.number("typemod") !== -1) throw unsupported("an internal type modifier");
  const path = fields.strings("names");
  const modifiers = fields.nodes("typmods").map((node) => {
    const constant = expectTag(node, "A_Const").fields;
    constant.ignore("location");
    const value = constant.message("ival");
    constant.end();
    if (value === null) throw unsupported("a type modifier that is not a number");
    return value.number("ival");
  });
  if (modifiers.length > 0 && path[path.length - 1] === "interval") {
    throw unsupported("INTERVAL with fields or precision");
  }
  const array = fields.nodes("arrayBounds").length > 0;
  fields.end();
  return { path, modifiers, array };
}
