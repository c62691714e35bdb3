export * from "./contract.ts";
export { connectConsul } from "./consul/consul-authority.ts";
export type { ConsulOptions } from "./consul/consul-options.ts";
export { localAuthority, type LocalAuthorityOptions } from "./local/local-authority.ts";
export { LocalSpace } from "./local/local-space.ts";
