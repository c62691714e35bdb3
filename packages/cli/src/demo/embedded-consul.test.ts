import { afterEach, describe, expect, it } from "vitest";
import { EmbeddedConsul } from "./embedded-consul.ts";

describe("EmbeddedConsul", () => {
  let consul: EmbeddedConsul | null = null;
  const put = async (path: string, body: string): Promise<number> => {
    const response = await fetch(`http://${consul?.address}/v1/${path}`, { method: "PUT", body });
    return response.status;
  };
  const get = (path: string, token = ""): Promise<Response> =>
    fetch(`http://${consul?.address}/v1/${path}`, { headers: { "x-consul-token": token } });

  afterEach(async () => {
    await consul?.stop();
    consul = null;
  });

  it("keeps its data and address when it is killed and restarted, and loses it when asked", async () => {
    consul = await EmbeddedConsul.start();
    const { address } = consul;
    expect(await put("kv/colour", "blue")).toBe(200);
    await consul.kill();
    await expect(get("kv/colour?raw")).rejects.toThrow();
    await consul.restart();
    expect(consul.address).toBe(address);
    expect(await (await get("kv/colour?raw")).text()).toBe("blue");
    await consul.restart({ losingData: true });
    expect((await get("kv/colour?raw")).status).toBe(404);
  });

  it("denies everything without its token when it has access control", async () => {
    consul = await EmbeddedConsul.start({ acl: true });
    expect(await put("kv/colour", "blue")).toBe(403);
    expect((await get("kv/colour", consul.token)).status).toBe(404);
  });
});
