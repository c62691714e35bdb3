import { describe, expect, it } from "vitest";
import { parseConfig } from "./parse-config.ts";

const upstream = "--upstream-db-url=postgres://app:secret@db/shop";
const mysql = "--upstream-db-url=mysql://app:secret@db/shop";
const consul = "--authority=consul";

function problem(...argv: string[]): string {
  try {
    parseConfig(argv, {});
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("roles", () => {
  it("are the first word", () => {
    expect(parseConfig([upstream], {}).role).toBe("combined");
    expect(parseConfig(["server", upstream, consul], {}).role).toBe("server");
    expect(parseConfig(["adapter", upstream, consul], {}).role).toBe("adapter");
    expect(problem(upstream, "server")).toContain('Unexpected argument "server"');
  });

  it.each([
    [["server", consul], "needs --upstream-db-url"],
    [["adapter", consul], "needs --upstream-db-url"],
    [["server", upstream], "needs --authority consul"],
    [["adapter", upstream], "needs --authority consul"],
    [[upstream, consul], "start `freshet server` and `freshet adapter`"],
    [[upstream, "--rpc-address=127.0.0.1:1"], "belongs to `freshet server`"],
    [["adapter", upstream, consul, "--rpc-address=127.0.0.1:1"], "belongs to `freshet server`"],
    [["adapter", upstream, consul, "--backup=file:///b"], "--backup belongs to `freshet server`"],
    [["adapter", upstream, consul, "--cleanup"], "belong to `freshet server`"],
    [["server", upstream, consul, "--rpc-address=0.0.0.0:1"], "--rpc-secret is needed"],
    [["server", upstream, mysql, consul, "--rpc-address=127.0.0.1:1"], "one address for each"],
    [["server", upstream, consul, "--authority-session-ttl=5s"], "from 10s to 24h"],
    [["server", upstream, consul, "--rpc-tls-key=k.pem"], "--rpc-tls-key needs --rpc-tls-cert"],
    [["server", upstream, consul, "--rpc-tls-ca=c.pem"], "needs --rpc-tls-cert and --rpc-tls-key"],
    [["server", upstream, consul, "--backup=ftp://x"], "--backup must be a place such as"],
    [["server", upstream, consul, "--authority-address=x"], "must be an address such as"],
  ])("%j: %s", (argv, expected) => {
    expect(problem(...argv)).toContain(expected);
  });

  it("let a server be reached from other machines when there is a secret", () => {
    expect(problem("server", upstream, consul, "--rpc-address=0.0.0.0:1", "--rpc-secret=s")).toBe(
      "",
    );
  });
});
