import { readFile } from "node:fs/promises";
import { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { ConfigurationError, silentLogger } from "@freshet/util";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Authority } from "../contract.ts";
import { TEST_TTL_MS, candidate, connectTo } from "../testing/testbed.ts";
import { connectConsul } from "./consul-authority.ts";
import type { ConsulOptions } from "./consul-options.ts";

const WITHIN = { timeout: 10_000, interval: 50 };

/** What a token of the deployment `d` must be allowed. */
const RULES = `
  key_prefix "freshet/d/" { policy = "write" }
  session_prefix "" { policy = "write" }
  service_prefix "freshet-d-" { policy = "write" }
  node_prefix "" { policy = "read" }
`;

describe("access to Consul", () => {
  const open: Authority[] = [];
  let consul: EmbeddedConsul | null = null;

  const start = async (
    options: Parameters<typeof EmbeddedConsul.start>[0],
  ): Promise<EmbeddedConsul> => {
    consul = await EmbeddedConsul.start(options);
    return consul;
  };
  const connect = (options: Partial<ConsulOptions>): Authority => {
    const all = { address: consul?.address ?? "", deployment: "d", sessionTtlMs: TEST_TTL_MS };
    const authority = connectConsul({ ...all, logger: silentLogger, ...options });
    open.push(authority);
    return authority;
  };

  afterEach(async () => {
    await Promise.all(open.splice(0).map((authority) => authority.close()));
    await consul?.stop();
    consul = null;
  });

  it("needs a token where everything else is denied, and no more than its own rules", async () => {
    const { address, token: manager } = await start({ acl: true });
    const manage = async (path: string, body: unknown): Promise<Record<string, string>> => {
      const response = await fetch(`http://${address}/v1/acl/${path}`, {
        method: "PUT",
        headers: { "x-consul-token": manager },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, string>;
    };
    await manage("policy", { Name: "freshet", Rules: RULES });
    const { SecretID = "" } = await manage("token", { Policies: [{ Name: "freshet" }] });

    const without = connect({});
    await expect(without.read("settings")).rejects.toThrow("--authority-token");
    await expect(without.read("settings")).rejects.not.toThrow(manager);
    expect(without.reachable).toBe(false);

    const server = await candidate(connect({ token: SecretID }), "s1");
    await vi.waitFor(() => expect(server.campaign.leading).not.toBeNull(), WITHIN);
    const { leading } = server.campaign;
    expect((await server.authority.write("settings", 1, "", leading)).kind).toBe("written");
    let servers: readonly string[] = [];
    server.authority.watchMembers(
      "server",
      (members) => (servers = members.map(({ name }) => name)),
      new AbortController().signal,
    );
    await vi.waitFor(() => expect(servers).toEqual(["s1"]), WITHIN);
    await expect(connect({ token: SecretID, deployment: "e" }).read("settings")).rejects.toThrow(
      "--authority-token",
    );
  });

  it("speaks TLS with the certificates that are given", async () => {
    const { certificates, address } = await start({ tls: true });
    if (certificates === null) throw new Error("no certificates");
    const [ca, cert, key] = await Promise.all(
      [certificates.ca, certificates.clientCert, certificates.clientKey].map((path) =>
        readFile(path, "utf8"),
      ),
    );
    const all = { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
    expect(address).toMatch(/^https:/);
    const server = await candidate(connect(all), "s1");
    await vi.waitFor(() => expect(server.campaign.leading).not.toBeNull(), WITHIN);
    // The certificates say that TLS is meant, without the scheme too.
    const short = connect({ ...all, address: address.slice("https://".length) });
    expect((await short.read("settings")).version).toBe("");

    await expect(connect({ ca: all.ca }).read("settings")).rejects.toThrow("does not answer");
    const unchecked = connect({ cert: all.cert, key: all.key });
    await expect(unchecked.read("settings")).rejects.toThrow("certificate");
    const plain = connectTo(address.replace("https:", "http:"), "d");
    open.push(plain);
    await expect(plain.read("settings")).rejects.toThrow("Consul");
  });

  it("refuses an address that is none", () => {
    for (const address of ["", "http://", "127.0.0.1:8500/v1", "a b:1"]) {
      expect(() => connect({ address })).toThrow(ConfigurationError);
    }
  });
});
