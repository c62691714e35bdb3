import { ConfigurationError } from "@freshet/util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Authority, Member } from "./contract.ts";
import {
  type Candidate,
  type Testbed,
  candidate,
  consulTestbed,
  documentsSeen,
  leadersSeen,
  localTestbed,
  testMember,
} from "./testing/testbed.ts";

const WITHIN = { timeout: 10_000, interval: 20 };

describe.each([
  { name: "Consul", make: consulTestbed },
  { name: "within the process", make: localTestbed },
])("an authority: $name", ({ make }) => {
  let testbed: Testbed;
  let deployment = 0;
  const open: Authority[] = [];
  let ended = new AbortController();

  const connect = (name = `d${deployment}`): Authority => {
    const authority = testbed.connect(name);
    open.push(authority);
    return authority;
  };
  const server = (name: string, more?: { ready?: boolean; region?: string }): Promise<Candidate> =>
    candidate(connect(), name, more);
  const leads = (one: Candidate): Promise<void> =>
    vi.waitFor(() => expect(one.campaign.leading).not.toBeNull(), WITHIN);

  beforeAll(async () => {
    testbed = await make();
  });
  afterAll(() => testbed.stop());
  afterEach(async () => {
    ended.abort();
    ended = new AbortController();
    deployment += 1;
    await Promise.all(open.splice(0).map((authority) => authority.close()));
  });

  describe("documents", () => {
    it("are null with an empty version before the first write", async () => {
      expect(await connect().read("caches/postgres")).toEqual({
        name: "caches/postgres",
        value: null,
        version: "",
      });
    });

    it("change only when the version is the one that was read", async () => {
      const one = connect();
      const two = connect();
      const first = await one.write("settings", { maintenance: true }, "", null);
      expect(first.kind).toBe("written");
      expect(await two.write("settings", { maintenance: false }, "", null)).toEqual({
        kind: "conflict",
      });
      const read = await two.read("settings");
      expect(first).toEqual({ kind: "written", version: read.version });
      expect(read.value).toEqual({ maintenance: true });
      const second = await two.write("settings", { maintenance: false }, read.version, null);
      expect(second.kind).toBe("written");
      expect(await one.write("settings", {}, read.version, null)).toEqual({ kind: "conflict" });
    });

    it("of two writers with the same version, one succeeds", async () => {
      const writers = Array.from({ length: 8 }, (_, at) =>
        connect().write("settings", at, "", null),
      );
      const kinds = (await Promise.all(writers)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "written")).toHaveLength(1);
      expect(kinds.filter((kind) => kind === "conflict")).toHaveLength(7);
    });

    it("reach every watcher, at once and after each change", async () => {
      const seen = documentsSeen(connect(), "settings", ended.signal);
      const writer = connect();
      await vi.waitFor(() => expect(seen.at(-1)?.version).toBe(""), WITHIN);
      const first = await writer.write("settings", 1, "", null);
      await vi.waitFor(() => expect(seen.at(-1)?.value).toBe(1), WITHIN);
      await writer.write("settings", 2, first.kind === "written" ? first.version : "", null);
      await vi.waitFor(() => expect(seen.at(-1)?.value).toBe(2), WITHIN);
      const late = documentsSeen(connect(), "settings", ended.signal);
      await vi.waitFor(() => expect(late.at(-1)?.value).toBe(2), WITHIN);
    });

    it("of many kilobytes come back as they were", async () => {
      const value = Array.from({ length: 3_000 }, (_, id) => ({
        id,
        statement: `SELECT * FROM "straße" WHERE id = $1 AND n = ${id} -- ☃`,
      }));
      const authority = connect();
      const written = await authority.write("caches/mysql", value, "", null);
      expect(written.kind).toBe("written");
      expect((await authority.read("caches/mysql")).value).toEqual(value);
    });

    it("of one deployment are not another's", async () => {
      await connect("blue").write("settings", "blue", "", null);
      expect((await connect("green").read("settings")).version).toBe("");
    });
  });

  describe("members", () => {
    const seen = (kind: Member["kind"], authority: Authority): { last: readonly Member[] } => {
      const holder: { last: readonly Member[] } = { last: [] };
      authority.watchMembers(kind, (members) => (holder.last = members), ended.signal);
      return holder;
    };

    it("are seen as they registered themselves, until they leave", async () => {
      const servers = seen("server", connect());
      const adapters = seen("adapter", connect());
      const member = testMember("s1");
      const adapter = testMember("a1", { kind: "adapter", addresses: {} });
      const membership = await connect().join(
        () => member,
        () => undefined,
      );
      await connect().join(
        () => adapter,
        () => undefined,
      );
      await vi.waitFor(() => expect(servers.last).toEqual([member]), WITHIN);
      await vi.waitFor(() => expect(adapters.last).toEqual([adapter]), WITHIN);
      await membership.leave();
      await vi.waitFor(() => expect(servers.last).toEqual([]), WITHIN);
    });

    it("tell at once that their state has changed", async () => {
      const servers = seen("server", connect());
      let ready = false;
      const membership = await connect().join(
        () => testMember("s1", { ready }),
        () => undefined,
      );
      await vi.waitFor(
        () => expect(servers.last.map((each) => each.ready)).toEqual([false]),
        WITHIN,
      );
      ready = true;
      membership.changed();
      await vi.waitFor(() => expect(servers.last.map((each) => each.ready)).toEqual([true]), {
        timeout: 300,
        interval: 10,
      });
    });

    it("of one deployment are not another's", async () => {
      const green = seen("server", connect("green"));
      await candidate(connect("blue"), "s1");
      await candidate(connect("green"), "s2");
      await vi.waitFor(() => expect(green.last.map(({ name }) => name)).toEqual(["s2"]), WITHIN);
    });
  });

  describe("a server's name", () => {
    it("is refused, in one sentence, while another process has it", async () => {
      const first = await server("s1");
      const second = connect().join(
        () => testMember("s1"),
        () => undefined,
      );
      await expect(second).rejects.toThrow(ConfigurationError);
      await expect(second).rejects.toThrow(
        'the server name "s1" belongs to another process of this deployment that is running: ' +
          "give this one a --member-name of its own",
      );
      expect(first.usurped).toEqual([]);
    });

    it("is free after leaving, and its next owner's token is greater", async () => {
      const first = await server("s1");
      await first.leave();
      const second = await server("s1");
      expect(second.token).toBeGreaterThan(first.token);
    });

    it("is an adapter's as well", async () => {
      await server("one");
      await connect().join(
        () => testMember("one", { kind: "adapter" }),
        () => undefined,
      );
    });
  });

  describe("leadership", () => {
    it("is one candidate's, and everybody learns whose", async () => {
      const seen = leadersSeen(connect(), ended.signal);
      await vi.waitFor(() => expect(seen).toEqual([null]), WITHIN);
      const both = await Promise.all([server("s1"), server("s2")]);
      await vi.waitFor(() => expect(seen.at(-1)).not.toBeNull(), WITHIN);
      const [leader] = both.flatMap(({ elected }) => elected);
      expect(seen).toEqual([null, leader]);
      expect(both.filter(({ campaign }) => campaign.leading !== null)).toHaveLength(1);
      expect(leader?.addresses).toEqual({ postgres: `${leader?.name}:6035` });
    });

    it("is each region's own", async () => {
      const here = await server("s1");
      const there = await server("s2", { region: "there" });
      await leads(here);
      await leads(there);
      expect(there.campaign.leading?.region).toBe("there");
    });

    it("passes on at once when it is given up, with a greater term", async () => {
      const first = await server("s1");
      await leads(first);
      const second = await server("s2");
      await first.campaign.resign();
      expect(first.campaign.leading).toBeNull();
      await leads(second);
      const [old] = first.elected;
      expect(second.campaign.leading?.term).toBeGreaterThan(old?.term ?? Infinity);
      await second.campaign.resign();
      first.campaign.resume();
      await leads(first);
      expect(first.deposed).toEqual(["it was given up"]);
    });

    it("is taken from a leader that is certain to be gone, before its session ends", async () => {
      const first = await server("s1");
      await leads(first);
      const asked: (string | undefined)[] = [];
      const second = await candidate(connect(), "s2", {
        isGone: (leader) => Promise.resolve(asked.push(leader.addresses["postgres"]) > 0),
      });
      await leads(second);
      expect(asked.slice(0, 2)).toEqual(["s1:6035", "s1:6035"]);
      expect(second.campaign.leading?.term).toBeGreaterThan(first.elected[0]?.term ?? Infinity);
      await vi.waitFor(() => expect(first.campaign.leading).toBeNull(), WITHIN);
    });

    it("lets only its holder write", async () => {
      const first = await server("s1");
      await leads(first);
      const fence = first.campaign.leading;
      const written = await first.authority.write("caches/postgres", 1, "", fence);
      const version = written.kind === "written" ? written.version : "";
      expect(written.kind).toBe("written");
      await first.campaign.resign();
      const second = await server("s2");
      await leads(second);
      const late = first.authority.write("caches/postgres", 2, version, fence);
      expect(await late).toEqual({ kind: "fenced" });
      const now = second.campaign.leading;
      expect(await first.authority.write("caches/postgres", 2, version, now)).toEqual({
        kind: "fenced",
      });
      expect((await second.authority.write("caches/postgres", 3, version, now)).kind).toBe(
        "written",
      );
    });

    it("goes to a server that is not ready only when no other one is", async () => {
      const ready = await server("s1");
      await leads(ready);
      const waiting = await server("s2", { ready: false });
      await ready.campaign.resign();
      expect(waiting.campaign.leading).toBeNull();
      ready.campaign.resume();
      await leads(ready);
      await ready.leave();
      await ready.campaign.resign();
      await leads(waiting);
    });

    it("is given up by a server that is not ready for a while when another one is", async () => {
      const first = await server("s1");
      await leads(first);
      const second = await server("s2");
      first.ready = false;
      first.changed();
      await leads(second);
      expect(first.deposed).toEqual(["another server is ready and this one is not"]);
    });

    it("ends with its process's connection", async () => {
      const first = await server("s1");
      await leads(first);
      const second = await server("s2");
      await first.authority.close();
      await leads(second);
    });
  });
});
