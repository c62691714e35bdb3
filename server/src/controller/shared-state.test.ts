import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@freshet/util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Definitions, DEFINITIONS_FORM } from "./definitions.ts";
import { TestDocument } from "./document.testing.ts";
import { type DocumentPort, SharedState } from "./shared-state.ts";

let directory = "";
let files = 0;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-shared-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const record = (id: number, name = `c${id}`) => ({
  id,
  name,
  select: "select 1",
  database: "d",
  scopeIdentity: "{pg_catalog,public}",
  inTransaction: "until-write" as const,
});
async function open(port: DocumentPort, path = join(directory, String((files += 1)))) {
  const state = new SharedState({ port, path, form: DEFINITIONS_FORM, logger: silentLogger });
  await state.load(systemClock);
  const definitions = new Definitions(state);
  const seen: string[] = [];
  definitions.onChange(() => seen.push(names(definitions)));
  return { definitions, path, seen };
}
const names = (definitions: Definitions): string =>
  definitions
    .all()
    .map(({ name }) => name)
    .join(" ");
const none = () => false;

test("what one server defines the other sees; ids are the deployment's", async () => {
  const document = new TestDocument();
  const one = await open(document.port());
  const other = await open(document.port());
  const ids = await Promise.all([
    ...[1, 2, 3].map(() => one.definitions.takeId()),
    ...[1, 2, 3].map(() => other.definitions.takeId()),
  ]);
  expect([...ids].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  await one.definitions.put(record(1), none);
  await vi.waitFor(() => expect(names(other.definitions)).toBe("c1"));
  expect(await other.definitions.remove(() => true)).toBe(1);
  await vi.waitFor(() => expect(names(one.definitions)).toBe(""));
});

test("a conflict is decided anew: of one name there is one", async () => {
  const document = new TestDocument();
  const one = await open(document.port());
  const other = await open(document.port());
  await Promise.all([
    one.definitions.put(record(1, "same"), ({ name }) => name === "same"),
    other.definitions.put(record(2, "same"), ({ name }) => name === "same"),
    one.definitions.put(record(3), none),
  ]);
  await vi.waitFor(() => expect(names(one.definitions)).toBe(names(other.definitions)));
  expect(names(one.definitions).split(" ").sort()).toEqual(["c3", "same"]);
});

test("an older document that arrives late undoes nothing", async () => {
  const document = new TestDocument();
  const { definitions, seen } = await open(document.port());
  await definitions.put(record(1), none);
  const old = document.present;
  await definitions.put(record(2), none);
  document.changed(old);
  await definitions.put(record(3), none);
  expect(seen).toEqual(["c1", "c1 c2", "c1 c2 c3"]);
});

test("who does not lead changes nothing and is told so", async () => {
  const document = new TestDocument();
  const { definitions } = await open(document.port(() => false));
  await expect(definitions.put(record(1), none)).rejects.toMatchObject({
    code: "57P03",
    number: 1105,
    message: expect.stringContaining("no longer leads") as string,
  });
  expect(document.value).toBeNull();
  expect(names(definitions)).toBe("");
});

test("while the authority is away nothing changes; the last state survives a restart", async () => {
  const document = new TestDocument();
  const first = await open(document.port());
  const other = await open(document.port());
  await first.definitions.put(record(1), none);
  document.reachable = false;
  await expect(first.definitions.takeId()).rejects.toMatchObject({
    code: "57P03",
    message: "the cache definitions cannot be changed now: Consul does not answer",
  });
  const again = await open(document.port(), first.path);
  expect(names(again.definitions)).toBe("c1");
  document.reachable = true;
  await vi.waitFor(() => expect(names(other.definitions)).toBe("c1"));
  await again.definitions.put(record(2), none);
  await vi.waitFor(() => expect(names(other.definitions)).toBe("c1 c2"));
});

test("a write whose answer is lost is found out later", async () => {
  const document = new TestDocument();
  const port = document.port();
  let lose = true;
  const { definitions } = await open({
    ...port,
    async write(value, version) {
      const result = await port.write(value, version);
      if (!lose) return result;
      throw Object.assign(new Error("no answer"), { name: "AuthorityUnavailable" });
    },
  });
  await expect(definitions.put(record(1), none)).rejects.toThrow("no answer");
  await vi.waitFor(() => expect(names(definitions)).toBe("c1"));
  lose = false;
  await definitions.put(record(1), none);
  expect(definitions.all()).toHaveLength(1);
});

test("what may have been written in spite of an error is not said to have changed nothing", async () => {
  const document = new TestDocument();
  const port = document.port();
  const { definitions } = await open({
    ...port,
    write: () =>
      Promise.reject(Object.assign(new Error("no answer"), { name: "AuthorityUnavailable" })),
  });
  await expect(definitions.takeId()).rejects.toMatchObject({
    code: "57P03",
    message: "whether the cache definitions were changed is not known: no answer",
    hint: expect.not.stringContaining("Nothing was changed") as string,
  });
});

test("a file that cannot be written hides no change", async () => {
  const document = new TestDocument();
  const one = await open(document.port());
  const other = await open(document.port());
  for (const { path } of [one, other]) mkdirSync(`${path}.new`);
  await one.definitions.put(record(1), none);
  await vi.waitFor(() => expect(other.seen).toEqual(["c1"]));
  expect(one.seen).toEqual(["c1"]);
});

test("who leads only later gives it again then, when told of the document once more", async () => {
  const document = new TestDocument();
  let leads = true;
  let refused = 0;
  const mayWrite = () => {
    if (!leads) refused += 1;
    return leads;
  };
  const one = await open(document.port(mayWrite));
  await one.definitions.put(record(1), none);
  leads = false;
  document.set(null);
  await vi.waitFor(() => expect(refused).toBeGreaterThan(0));
  expect(document.value).toBeNull();
  leads = true;
  document.changed();
  await vi.waitFor(() => expect(document.value).toMatchObject({ records: [{}] }));
});

test("what the authority has lost is given to it again", async () => {
  const document = new TestDocument();
  const one = await open(document.port());
  const other = await open(document.port(() => false));
  await one.definitions.put(record(1), none);
  const old = document.value;
  await one.definitions.put(record(2), none);
  await vi.waitFor(() => expect(names(other.definitions)).toBe("c1 c2"));
  for (const lost of [old, null]) {
    document.set(lost);
    await vi.waitFor(() => expect(document.value).toMatchObject({ records: [{}, {}] }));
  }
  expect([names(one.definitions), names(other.definitions)]).toEqual(["c1 c2", "c1 c2"]);
  expect([one.seen, other.seen]).toEqual([
    ["c1", "c1 c2"],
    ["c1", "c1 c2"],
  ]);
});

test("a document that was begun anew is taken as it is", async () => {
  const document = new TestDocument();
  const { definitions } = await open(document.port());
  await definitions.put(record(1), none);
  document.set({ nextId: 9, records: [record(8)], revision: 1, lineage: "another" });
  await vi.waitFor(() => expect(names(definitions)).toBe("c8"));
  expect(await definitions.takeId()).toBe(9);
});

test("one that cannot be understood is neither used nor overwritten", async () => {
  const document = new TestDocument();
  const { definitions } = await open(document.port());
  await definitions.put(record(1), none);
  const newer = { ...(document.value as object), records: "elsewhere", revision: 99 };
  document.set(newer);
  await expect(definitions.put(record(2), none)).rejects.toThrow(/a version that this server/);
  expect(names(definitions)).toBe("c1");
  expect(document.value).toEqual(newer);
});
