export * from "./assert.ts";
export * from "./backoff.ts";
export * from "./clock.ts";
export * from "./bounded-queue.ts";
export * from "./errors.ts";
export * from "./logger.ts";
export * from "./seeded-random.ts";
