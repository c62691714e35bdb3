export * from "./contract.ts";
export * from "./compile-query.ts";
export { postgresSemantics } from "./dialects/postgres/semantics.ts";
export type { DialectSemantics } from "./dialects/dialect.ts";
