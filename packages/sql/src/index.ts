export * from "./shape.ts";
export * from "./cache-statement.ts";
export * from "./ast.ts";
export { queryId } from "./query-id.ts";
export { mysqlLexer } from "./mysql/lexer.ts";
export { postgresLexer } from "./postgres/lexer.ts";
export { loadPostgresParser, parsePostgresSelect } from "./postgres/parser.ts";
export { SqlSyntaxError } from "./postgres/syntax-error.ts";
export { parseCacheStatement } from "./cache-statement-parser.ts";
