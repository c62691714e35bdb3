import { ConfigurationError } from "@freshet/util";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./parse-config.ts";

const URL_FLAG = ["--upstream-db-url", "postgres://ann:s3cret@db:5432/shop"];

function problem(argv: readonly string[], env: Record<string, string> = {}): string {
  try {
    parseConfig(argv, env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error("accepted");
}

describe("parseConfig", () => {
  it("has defaults for everything but the upstream", () => {
    const config = parseConfig([], {});
    expect(config.upstreamUrls).toBeNull();
    expect(config.addresses).toBeNull();
    expect(config.metricsAddress).toEqual({ host: "127.0.0.1", port: 6034 });
    expect(config).toMatchObject({ deployment: "freshet", tlsMode: "optional", verify: false });
  });

  it("reads flags in every spelling", () => {
    const config = parseConfig(
      [...URL_FLAG, "--memory-limit=2GB", "-a", "[::1]:6000", "-a0.0.0.0:6001", "--verify"],
      {},
    );
    expect(config.memoryLimitBytes).toBe(2 * 1024 ** 3);
    expect(config.addresses).toEqual([
      { host: "::1", port: 6000 },
      { host: "0.0.0.0", port: 6001 },
    ]);
    expect(config.verify).toBe(true);
  });

  it("prefers flags to the environment and the environment to defaults", () => {
    const env = { DEPLOYMENT: "east", FILL_TIMEOUT: "500ms", LOG_LEVEL: "" };
    const config = parseConfig(["--deployment", "west"], env);
    expect(config.deployment).toBe("west");
    expect(config.fillTimeoutMs).toBe(500);
    expect(config.logLevel).toBe("info");
  });

  it("accepts ReadySet's name for the memory limit", () => {
    expect(parseConfig([], { READYSET_MEMORY_LIMIT: "1048576" }).memoryLimitBytes).toBe(1048576);
  });

  it("reads flags from the environment as true and false", () => {
    const name = "ALLOW_UNAUTHENTICATED_CONNECTIONS";
    expect(parseConfig([], { [name]: "1" }).allowUnauthenticatedConnections).toBe(true);
    expect(parseConfig([], { [name]: "false" }).allowUnauthenticatedConnections).toBe(false);
  });

  it("reads users with quoted passwords", () => {
    const config = parseConfig(["--allowed-users", 'ann:a,bob:"b,:""c"'], {});
    expect(config.allowedUsers).toEqual([
      { user: "ann", password: "a" },
      { user: "bob", password: 'b,:"c' },
    ]);
  });

  it("suggests the nearest option", () => {
    expect(problem(["--upstream-url", "x"])).toBe(
      "Unknown option --upstream-url: did you mean --upstream-db-url?",
    );
    expect(problem(["--adress=1"])).toContain("did you mean --address?");
    expect(problem(["--qqqqqqqqqqqq"])).toBe(
      "Unknown option --qqqqqqqqqqqq: see --help for all options.",
    );
    expect(problem(["-z"])).toContain("Unknown option -z");
    expect(problem(["verify"])).toContain("did you mean --verify?");
  });

  it("names the option and what it must be", () => {
    expect(problem(["--adapter-threads", "0"])).toBe(
      '--adapter-threads must be a whole number from 1 to 64, not "0".',
    );
    expect(problem([], { METRICS_ADDRESS: "nowhere" })).toBe(
      'METRICS_ADDRESS must be an address such as 127.0.0.1:5433 or [::1]:5433, not "nowhere".',
    );
    expect(problem(["--tls-mode", "on"])).toBe(
      '--tls-mode must be optional, required or disabled, not "on".',
    );
    expect(problem(["--memory-limit"])).toContain("--memory-limit needs a value");
    expect(problem(["--deployment", "a", "--deployment", "b"])).toContain("given twice");
    expect(problem(["--deployment", "a/b"])).toContain("--deployment must be");
  });

  it("never repeats a secret", () => {
    expect(problem(["--upstream-db-url", "mongo://ann:s3cret@db/x"])).not.toContain("s3cret");
    expect(problem(["--allowed-users", "ann s3cret"])).not.toContain("s3cret");
    expect(problem(["postgres://ann:s3cret@db/x"])).not.toContain("s3cret");
    expect(problem(["--postgres://ann:s3cret@db/x"])).not.toContain("s3cret");
  });

  it("refuses options that do not go together", () => {
    expect(problem(["--verify"])).toContain("--upstream-db-url");
    expect(problem([...URL_FLAG, "--verify", "--cleanup"])).toContain("exclude each other");
    expect(problem(["--tls-cert", "a.pem"])).toContain("--tls-key");
    expect(problem(["--tls-mode", "required"])).toContain("--tls-cert");
  });

  it("gives help whatever else is asked", () => {
    expect(parseConfig(["--verify", "--help"], {}).help).toBe(true);
  });
});
