import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { EmbeddedConsul } from "@freshet/cli/embedded-consul";
import { type Authority, AuthorityUnavailable, type Member } from "../contract.ts";
import { SpawnedServer } from "../testing/spawned-server.ts";
import {
  type Candidate,
  type Testbed,
  candidate,
  consulTestbed,
  documentsSeen,
  leadersSeen,
  testMember,
} from "../testing/testbed.ts";

const WITHIN = { timeout: 20_000, interval: 20 };

describe("faults of Consul and of its clients", () => {
  let testbed: Testbed;
  let consul: EmbeddedConsul;
  let deployment = 0;
  const open: Authority[] = [];
  const children: SpawnedServer[] = [];
  let ended = new AbortController();

  const connect = (): Authority => {
    const authority = testbed.connect(`d${deployment}`);
    open.push(authority);
    return authority;
  };
  const spawn = (name: string): SpawnedServer => {
    const child = new SpawnedServer(consul.address, `d${deployment}`, name);
    children.push(child);
    return child;
  };
  const told = (child: SpawnedServer, event: string): Promise<void> =>
    vi.waitFor(() => expect(child.events).toContain(event), WITHIN);
  const leads = (one: Candidate): Promise<void> =>
    vi.waitFor(() => expect(one.campaign.leading).not.toBeNull(), WITHIN);
  const reaches = (authority: Authority, reachable: boolean): Promise<void> =>
    vi.waitFor(() => expect(authority.reachable).toBe(reachable), WITHIN);
  const membersSeen = (authority: Authority): { last: readonly Member[]; times: number } => {
    const seen = { last: [] as readonly Member[], times: 0 };
    const learn = (members: readonly Member[]): void => {
      seen.last = members;
      seen.times += 1;
    };
    authority.watchMembers("server", learn, ended.signal);
    return seen;
  };

  beforeAll(async () => {
    const made = await consulTestbed();
    testbed = made;
    consul = made.consul;
  });
  afterAll(() => testbed.stop());
  afterEach(async () => {
    ended.abort();
    ended = new AbortController();
    deployment += 1;
    consul.resume();
    await Promise.all(children.splice(0).map((child) => child.kill()));
    await Promise.all(open.splice(0).map((authority) => authority.close()));
  });

  it("a leader that is paused beyond its session is replaced, and learns it when it goes on", async () => {
    const paused = spawn("s1");
    await told(paused, "elected");
    const other = await candidate(connect(), "s2");
    paused.pause();
    await leads(other);
    paused.resume();
    await told(paused, "deposed");
    expect(paused.events).toEqual(["elected", "deposed"]);
    expect(other.deposed).toEqual([]);
  });

  it("a server that is replaced under its name while it is paused learns that it is usurped", async () => {
    const paused = spawn("s1");
    await told(paused, "elected");
    const members = membersSeen(connect());
    paused.pause();
    // Under the same kernel the paused process counts as alive: its name is not to be had.
    await expect(candidate(connect(), "s1")).rejects.toThrow("belongs to another process");
    await vi.waitFor(() => expect(members.last).toEqual([]), WITHIN);
    const session = await takeNameByForce("s1");
    paused.resume();
    await told(paused, "usurped");
    await call("PUT", `session/destroy/${session}`);
  });

  /** As a process on another machine would after the session of the paused one has expired. */
  async function takeNameByForce(name: string): Promise<string> {
    const { ID } = (await call("PUT", "session/create", { LockDelay: "0s" })) as { ID: string };
    const value = { token: Date.now() + 1, instance: "another", name };
    const path = `kv/freshet/d${deployment}/servers/${name}?acquire=${ID}`;
    await vi.waitFor(async () => expect(await call("PUT", path, value)).toBe(true), WITHIN);
    return ID;
  }

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`http://${consul.address}/v1/${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text === "" ? null : JSON.parse(text);
  }

  it("a server that was killed has its name back at once when it is started again", async () => {
    const killed = spawn("s1");
    await told(killed, "elected");
    await killed.kill();
    const before = performance.now();
    const again = await candidate(connect(), "s1");
    expect(performance.now() - before).toBeLessThan(1_000);
    await leads(again);
  });

  it("while Consul is down nobody is promoted or deposed, and writes are refused", async () => {
    const first = await candidate(connect(), "s1");
    await leads(first);
    const second = await candidate(connect(), "s2");
    const leaders = leadersSeen(connect(), ended.signal);
    await vi.waitFor(() => expect(leaders.at(-1)?.name).toBe("s1"), WITHIN);
    const told: boolean[] = [];
    first.authority.onReachable((reachable) => told.push(reachable));
    await reaches(first.authority, true);
    await consul.kill();
    await reaches(first.authority, false);
    await reaches(second.authority, false);
    const fence = first.campaign.leading;
    expect(fence?.name).toBe("s1");
    const write = first.authority.write("settings", 1, "", fence);
    await expect(write).rejects.toThrow(AuthorityUnavailable);
    await expect(first.authority.read("settings")).rejects.toThrow(AuthorityUnavailable);
    // Longer than the session lives.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(first.deposed).toEqual([]);
    expect(second.elected).toEqual([]);
    expect(leaders.at(-1)?.name).toBe("s1");

    const members = membersSeen(connect());
    await consul.restart();
    await reaches(first.authority, true);
    await vi.waitFor(
      () => expect(members.last.map(({ name }) => name)).toEqual(["s1", "s2"]),
      WITHIN,
    );
    expect(told.at(-1)).toBe(true);
    expect(told).toContain(false);
    await vi.waitFor(async () => {
      const leading = [first, second].filter(({ campaign }) => campaign.leading !== null);
      expect(leading).toHaveLength(1);
      const { authority, campaign } = leading[0] as Candidate;
      const { version } = await authority.read("settings");
      const written = await authority.write("settings", 2, version, campaign.leading);
      expect(written.kind).toBe("written");
      expect(leaders.at(-1)).toEqual(campaign.leading);
    }, WITHIN);
  });

  it("a leader whose session outlives a short outage stays the leader", async () => {
    const long = await candidate(connect(), "s1");
    await leads(long);
    const { leading } = long.campaign;
    consul.pause();
    await new Promise((resolve) => setTimeout(resolve, 500));
    consul.resume();
    await vi.waitFor(async () => {
      const { version } = await long.authority.read("settings");
      expect((await long.authority.write("settings", 1, version, leading)).kind).toBe("written");
    }, WITHIN);
    expect(long.deposed).toEqual([]);
  });

  it("a Consul that hangs is noticed within seconds, and what it missed is learned after", async () => {
    const first = await candidate(connect(), "s1");
    await leads(first);
    const seen = documentsSeen(first.authority, "settings", ended.signal);
    await vi.waitFor(() => expect(seen.at(-1)?.version).toBe(""), WITHIN);
    await reaches(first.authority, true);
    consul.pause();
    const before = performance.now();
    await reaches(first.authority, false);
    expect(performance.now() - before).toBeLessThan(6_000);
    expect(first.deposed).toEqual([]);
    await expect(first.authority.read("settings")).rejects.toThrow("does not answer");
    consul.resume();
    await reaches(first.authority, true);
    await leads(first);
    await connect().write("settings", "after", "", null);
    await vi.waitFor(() => expect(seen.at(-1)?.value).toBe("after"), WITHIN);
  });

  it("a leader that resigns while Consul is away leads no more, and the lock is freed later", async () => {
    const first = await candidate(connect(), "s1");
    await leads(first);
    const second = await candidate(connect(), "s2");
    await consul.kill();
    await first.campaign.resign();
    expect(first.campaign.leading).toBeNull();
    await consul.restart();
    await leads(second);
    expect(first.campaign.leading).toBeNull();
  });

  it("an agent that forgot a member is told again", async () => {
    const members = membersSeen(connect());
    await connect().join(
      () => testMember("s1"),
      () => undefined,
    );
    await vi.waitFor(() => expect(members.last).toHaveLength(1), WITHIN);
    await call("PUT", `agent/service/deregister/freshet-d${deployment}-server-s1`);
    const { times } = members;
    await vi.waitFor(() => expect(members.times).toBeGreaterThan(times), WITHIN);
    await vi.waitFor(() => expect(members.last).toHaveLength(1), WITHIN);
  });

  it("a Consul that lost its data is given everything again, with greater terms", async () => {
    const first = await candidate(connect(), "s1");
    await leads(first);
    const [before] = first.elected;
    const { token } = first;
    const watcher = connect();
    const seen = documentsSeen(watcher, "settings", ended.signal);
    const members = membersSeen(watcher);
    await first.authority.write("settings", 1, "", first.campaign.leading);
    await vi.waitFor(() => expect(seen.at(-1)?.value).toBe(1), WITHIN);
    await consul.restart({ losingData: true });
    await vi.waitFor(() => expect(first.elected).toHaveLength(2), WITHIN);
    expect(first.campaign.leading?.term).toBeGreaterThan(before?.term ?? Infinity);
    await vi.waitFor(() => expect(seen.at(-1)?.version).toBe(""), WITHIN);
    await vi.waitFor(() => expect(members.last).toHaveLength(1), WITHIN);
    const written = await first.authority.write("settings", 2, "", first.campaign.leading);
    expect(written.kind).toBe("written");
    await vi.waitFor(() => expect(seen.at(-1)?.value).toBe(2), WITHIN);
    expect(first.usurped).toEqual([]);
    // Nobody had the name in between: it is owned as before.
    expect(first.token).toBe(token);
    await first.authority.close();
    const second = await candidate(connect(), "s1");
    expect(second.token).toBeGreaterThan(token);
  });

  it("a member that is killed is no member soon after", async () => {
    const members = membersSeen(connect());
    const killed = spawn("s1");
    await vi.waitFor(() => expect(members.last).toHaveLength(1), WITHIN);
    await killed.kill();
    await vi.waitFor(() => expect(members.last).toHaveLength(0), WITHIN);
  });

  it("ends in good time while Consul hangs", async () => {
    const first = await candidate(connect(), "s1");
    await leads(first);
    consul.pause();
    const before = performance.now();
    await first.authority.close();
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
