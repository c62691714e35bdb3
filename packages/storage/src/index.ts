export * from "./contract.ts";
export { openStore } from "./open-store.ts";
export type { OpenedStore, StoreOptions } from "./open-store.ts";
