export * from "./contract.ts";
export { STORE_FORMAT, clearCopy, emptyDirectory, installCopy, openCopy } from "./restore.ts";
export type { EmptyDirectory } from "./restore.ts";
export { openStore } from "./open-store.ts";
export type { OpenedStore, StoreOptions } from "./open-store.ts";
