export * from "./help.ts";
export type { OptionGroup, OptionSpec, OptionType } from "./option-spec.ts";
export { OPTIONS } from "./options.data.ts";
export * from "./parse-address.ts";
export { type Config, parseConfig } from "./parse-config.ts";
export { type UserPassword, parseUsers } from "./parse-users.ts";
export { parseBytes, parseDuration } from "./parse-value.ts";
export * from "./redact.ts";
