export * from "./contract.ts";
export * from "./options.ts";
export * from "./router.ts";
export { bindParams, canonicalList } from "./canonical-list.ts";
export { scopeKey } from "@freshet/rpc";
