export * from "./adapter.ts";
export * from "./options.ts";
