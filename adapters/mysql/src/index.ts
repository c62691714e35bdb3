export * from "./adapter.ts";
export * from "./options.ts";
export { canonicalLiteral } from "./canonical-param.ts";
