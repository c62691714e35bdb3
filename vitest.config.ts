import { defineConfig } from "vitest/config";

/** Unit tests stand beside the code; those that need a server say which in their name. */
// eslint-disable-next-line no-restricted-exports -- the configuration's format asks for it
export default defineConfig({
  test: {
    include: [
      "{packages,adapters}/*/src/**/*.test.ts",
      "server/src/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
