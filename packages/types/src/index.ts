export * from "./value.ts";
export * from "./table.ts";
export * from "./text-codec.ts";
export * from "./param-key.ts";
