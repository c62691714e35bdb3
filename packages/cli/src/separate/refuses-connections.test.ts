import { type AddressInfo, createServer } from "node:net";
import { expect, it } from "vitest";
import { refusesConnections } from "./refuses-connections.ts";

it("tells a port where nobody listens from one where somebody does", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await refusesConnections(address)).toBe(false);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(await refusesConnections(address)).toBe(true);
});

it("says nothing of what cannot be reached or read", async () => {
  expect(await refusesConnections("no address")).toBe(false);
  expect(await refusesConnections("does-not-exist.invalid:1")).toBe(false);
});
