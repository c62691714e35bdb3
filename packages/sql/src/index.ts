export * from "./shape.ts";
export * from "./cache-statement.ts";
export * from "./ast.ts";
