export * from "./rendering.ts";
export * from "./rendering-refused.ts";
export * from "./rendering-settings.ts";
export * from "./time-zones.ts";
export * from "./array-text.ts";
export * from "./canonical-param.ts";
