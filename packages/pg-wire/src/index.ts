export * from "./byte-string.ts";
export * from "./message-types.ts";
export * from "./protocol-violation.ts";
export * from "./frame-reader.ts";
export * from "./backend-messages.ts";
export * from "./backend-parsers.ts";
export * from "./frontend-messages.ts";
export * from "./frontend-parsers.ts";
