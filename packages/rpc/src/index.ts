export * from "./messages.ts";
export * from "./scope-key.ts";
export * from "./link-base.ts";
export * from "./port-link.ts";
export * from "./paired-links.ts";
export * from "./packed-batch.ts";
