import { ConfigurationError } from "@freshet/util";
import { describe, expect, it } from "vitest";
import { parseConfig } from "./parse-config.ts";
import { upstreamsOf } from "./upstreams.ts";

const SHOP = "postgres://ann:s3cret@db:5432/shop";
const FILMS = "mysql://ann:s3cret@db:3306/films";

function upstreams(...argv: string[]) {
  const { upstreamUrls, addresses } = parseConfig(argv, {});
  return upstreamsOf(upstreamUrls ?? [], addresses);
}

describe("upstreamsOf", () => {
  it("serves one database at its kind's default address, or at all that are given", () => {
    expect(upstreams("--upstream-db-url", SHOP)).toEqual([
      { dialect: "postgres", url: SHOP, addresses: [{ host: "127.0.0.1", port: 5433 }] },
    ]);
    expect(upstreams("--upstream-db-url", FILMS, "-a", "[::1]:1,[::1]:2")).toEqual([
      {
        dialect: "mysql",
        url: FILMS,
        addresses: [
          { host: "::1", port: 1 },
          { host: "::1", port: 2 },
        ],
      },
    ]);
  });

  it("gives each of two databases its own address", () => {
    const both = ["--upstream-db-url", FILMS, "--upstream-db-url", SHOP];
    expect(upstreams(...both).map(({ addresses }) => addresses[0]?.port)).toEqual([3307, 5433]);
    expect(upstreams(...both, "-a", "[::1]:1", "-a", "[::1]:2")).toMatchObject([
      { dialect: "mysql", addresses: [{ port: 1 }] },
      { dialect: "postgres", addresses: [{ port: 2 }] },
    ]);
    expect(parseConfig([], { UPSTREAM_DB_URL: `${FILMS} ${SHOP}` }).upstreamUrls).toEqual([
      FILMS,
      SHOP,
    ]);
  });

  it("says what is wrong with a combination", () => {
    expect(() => upstreams("--upstream-db-url", SHOP, "--upstream-db-url", SHOP)).toThrow(
      ConfigurationError,
    );
    const both = ["--upstream-db-url", FILMS, "--upstream-db-url", SHOP, "-a", "[::1]:1"];
    expect(() => upstreams(...both)).toThrow("one address for each database");
    expect(() => upstreams("--upstream-db-url", SHOP, "--mysql")).toThrow("--mysql");
  });
});
