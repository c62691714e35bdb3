export * from "./contract.ts";
export * from "./compile-query.ts";
export { postgresSemantics } from "./dialects/postgres/semantics.ts";
export { mysqlSemantics } from "./dialects/mysql/semantics.ts";
export { mysqlSameResultType } from "./dialects/mysql/same-result-type.ts";
export type { DialectSemantics } from "./dialects/dialect.ts";
