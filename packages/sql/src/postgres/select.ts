/** SelectStmt and FROM of libpg-query's tree to the neutral tree. */
import type { Expression, FromItem, OrderItem, SelectItem, SelectStatement } from "../ast.ts";
import { toExpression } from "./expressions.ts";
import type { SlotMap } from "./slot-map.ts";
import {
  expectTag,
  type Fields,
  stringOf,
  type TreeNode,
  unknownNode,
  unsupported,
} from "./tree.ts";

const SET_OPERATIONS: Readonly<Record<string, string>> = {
  SETOP_UNION: "UNION",
  SETOP_INTERSECT: "INTERSECT",
  SETOP_EXCEPT: "EXCEPT",
};

export function toSelect(fields: Fields, slots: SlotMap): SelectStatement {
  const operation = fields.requiredString("op");
  if (operation !== "SETOP_NONE") throw unsupported(SET_OPERATIONS[operation] ?? operation);
  fields.refuse("valuesLists", "VALUES");
  fields.refuse("intoClause", "SELECT INTO");
  fields.refuse("lockingClause", "FOR UPDATE or FOR SHARE");
  fields.refuse("windowClause", "WINDOW");
  fields.refuse("groupDistinct", "GROUP BY DISTINCT");
  // GROUP BY ALL of later versions would come as a flag that `end` refuses.
  const limitOption = fields.requiredString("limitOption");
  if (limitOption === "LIMIT_OPTION_WITH_TIES") throw unsupported("LIMIT WITH TIES");
  const withClause = fields.message("withClause");
  const optional = (name: string): Expression | null => {
    const node = fields.node(name);
    return node === null ? null : toExpression(node, slots);
  };
  const statement: SelectStatement = {
    ctes: withClause === null ? [] : toCtes(withClause, slots),
    distinct: isDistinct(fields),
    items: fields.nodes("targetList").map((node) => selectItem(node, slots)),
    from: fields.nodes("fromClause").map((node) => fromItem(node, slots)),
    where: optional("whereClause"),
    groupBy: fields.nodes("groupClause").map((node) => sortKey(node, slots, "GROUP BY")),
    having: optional("havingClause"),
    orderBy: fields.nodes("sortClause").map((node) => orderItem(node, slots)),
    limit: unlessNull(optional("limitCount")),
    offset: unlessNull(optional("limitOffset")),
  };
  fields.end();
  return statement;
}

/** LIMIT ALL and LIMIT NULL are no limit; OFFSET NULL is no offset. */
function unlessNull(expression: Expression | null): Expression | null {
  return expression?.kind === "null" ? null : expression;
}

function isDistinct(fields: Fields): boolean {
  const clause = fields.nodes("distinctClause");
  if (clause.some((node) => node.tag !== "")) throw unsupported("DISTINCT ON");
  return clause.length > 0;
}

function toCtes(fields: Fields, slots: SlotMap): SelectStatement["ctes"] {
  fields.ignore("location");
  fields.refuse("recursive", "WITH RECURSIVE");
  const ctes = fields.nodes("ctes").map((node) => {
    const cte = expectTag(node, "CommonTableExpr").fields;
    // MATERIALIZED is about speed only.
    cte.ignore("ctematerialized", "location");
    cte.refuse("search_clause", "SEARCH in WITH");
    cte.refuse("cycle_clause", "CYCLE in WITH");
    const name = cte.requiredString("ctename");
    const columns = cte.strings("aliascolnames");
    const query = cte.requiredNode("ctequery");
    cte.end();
    if (query.tag !== "SelectStmt") throw unsupported("a data-modifying WITH");
    return { name, query: toSelect(query.fields, slots), columns };
  });
  fields.end();
  return ctes;
}

function selectItem(node: TreeNode, slots: SlotMap): SelectItem {
  const { fields } = expectTag(node, "ResTarget");
  fields.ignore("location");
  fields.refuse("indirection", "a subscript in the select list");
  const alias = fields.string("name");
  const value = fields.requiredNode("val");
  fields.end();
  const star = starOf(value);
  return star ?? { kind: "expression", expression: toExpression(value, slots), alias };
}

/** `*` or `t.*`, else null. */
function starOf(node: TreeNode): SelectItem | null {
  if (node.tag !== "ColumnRef") return null;
  const path = node.fields.nodes("fields");
  if (path[path.length - 1]?.tag !== "A_Star") return null;
  const relation = path.slice(0, -1).map(stringOf);
  return { kind: "star", relation: relation.length === 0 ? null : relation };
}

function orderItem(node: TreeNode, slots: SlotMap): OrderItem {
  const { fields } = expectTag(node, "SortBy");
  fields.ignore("location");
  fields.refuse("useOp", "ORDER BY USING");
  const direction = fields.requiredString("sortby_dir");
  const nulls = fields.requiredString("sortby_nulls");
  const expression = sortKey(fields.requiredNode("node"), slots, "ORDER BY");
  fields.end();
  if (direction === "SORTBY_USING") throw unsupported("ORDER BY USING");
  return {
    expression,
    descending: direction === "SORTBY_DESC",
    nullsFirst: nulls === "SORTBY_NULLS_DEFAULT" ? null : nulls === "SORTBY_NULLS_FIRST",
  };
}

/**
 * An integer constant is the number of an output column, and the server refuses any other; a
 * placeholder is a constant value there, so that it may not take an integer's place.
 */
function sortKey(node: TreeNode, slots: SlotMap, clause: string): Expression {
  const expression = toExpression(node, slots);
  const ordinal =
    expression.kind === "literal" &&
    expression.literal === "integer" &&
    !expression.text.startsWith("-");
  if ((node.tag === "A_Const" || node.tag === "ParamRef") && !ordinal) {
    throw unsupported(`a constant in ${clause}`);
  }
  return expression;
}

interface Alias {
  readonly name: string;
  readonly columns: readonly string[];
}

function aliasOf(fields: Fields | null): Alias | null {
  if (fields === null) return null;
  const name = fields.requiredString("aliasname");
  const columns = fields.strings("colnames");
  fields.end();
  return { name, columns };
}

function fromItem(node: TreeNode, slots: SlotMap): FromItem {
  const { tag, fields } = node;
  switch (tag) {
    case "RangeVar":
      return table(fields);
    case "RangeSubselect":
      return subquery(fields, slots);
    case "JoinExpr":
      return join(fields, slots);
    default:
      throw unknownNode(node);
  }
}

function table(fields: Fields): FromItem {
  fields.ignore("location");
  fields.refuse("catalogname", "a database name before a table");
  if (!fields.boolean("inh")) throw unsupported("ONLY");
  if (fields.string("relpersistence") !== "p") throw unsupported("a temporary table");
  const schema = fields.string("schemaname");
  const name = fields.requiredString("relname");
  const alias = aliasOf(fields.message("alias"));
  fields.end();
  return {
    kind: "table",
    schema,
    name,
    alias: alias?.name ?? null,
    columnAliases: alias?.columns ?? [],
  };
}

function subquery(fields: Fields, slots: SlotMap): FromItem {
  fields.refuse("lateral", "LATERAL");
  const query = expectTag(fields.requiredNode("subquery"), "SelectStmt");
  const alias = aliasOf(fields.message("alias"));
  fields.end();
  if (alias === null) throw unsupported("a subquery in FROM without an alias");
  return {
    kind: "subquery",
    query: toSelect(query.fields, slots),
    alias: alias.name,
    columnAliases: alias.columns,
  };
}

const JOINS = {
  JOIN_INNER: "inner",
  JOIN_LEFT: "left",
  JOIN_RIGHT: "right",
  JOIN_FULL: "full",
} as const;

function join(fields: Fields, slots: SlotMap): FromItem {
  fields.refuse("alias", "an alias of a join");
  fields.refuse("join_using_alias", "an alias of USING");
  fields.ignore("rtindex");
  const type = fields.requiredString("jointype");
  const natural = fields.boolean("isNatural");
  const using = fields.strings("usingClause");
  const condition = fields.node("quals");
  const left = fromItem(fields.requiredNode("larg"), slots);
  const right = fromItem(fields.requiredNode("rarg"), slots);
  fields.end();
  if (!(type in JOINS)) throw unsupported(`the join ${type}`);
  const kind = JOINS[type as keyof typeof JOINS];
  const on = condition === null ? null : toExpression(condition, slots);
  const merged = natural ? ("natural" as const) : using.length > 0 ? using : null;
  const cross = kind === "inner" && on === null && merged === null;
  return { kind: "join", join: cross ? "cross" : kind, left, right, on, using: merged };
}
