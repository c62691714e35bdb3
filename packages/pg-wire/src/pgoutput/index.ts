export * from "./messages.ts";
export * from "./decode.ts";
export * from "./copy-text.ts";
export * from "./feedback.ts";
