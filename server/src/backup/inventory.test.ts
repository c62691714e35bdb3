import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { dialectPrefix, replicaPrefix } from "./backup-names.ts";
import { listBackups } from "./inventory.ts";
import type { BackupLocation } from "./location.ts";
import { MANIFEST, MANIFEST_FORMAT } from "./manifest.ts";

const OWNER = { deployment: "d", dialect: "mysql", replica: "s1" };
const NAME = "20260101T000000.000Z";
const SIGNAL = new AbortController().signal;
const WHOLE = JSON.stringify({
  format: MANIFEST_FORMAT,
  position: "1",
  owner: {},
  tables: [],
  files: [],
});

/** Manifests by replica; an error is what reading it ends in. */
function locationWith(manifests: Readonly<Record<string, string | Error>>): BackupLocation {
  const unused = () => Promise.reject(new Error("not to be called"));
  const names = Object.keys(manifests);
  return {
    list: (prefix) =>
      Promise.resolve(
        names
          .map((replica) => ({ name: `d/mysql/${replica}/${NAME}/${MANIFEST}`, bytes: 1 }))
          .filter(({ name }) => name.startsWith(prefix)),
      ),
    read: (name) => {
      const content = manifests[name.split("/")[2]!]!;
      if (content instanceof Error) return Promise.reject(content);
      return Promise.resolve(Readable.from([Buffer.from(content)]));
    },
    remove: unused,
    write: unused,
    close: () => undefined,
  };
}

async function found(manifests: Readonly<Record<string, string | Error>>) {
  const backups = await listBackups(locationWith(manifests), OWNER, "all", SIGNAL);
  const usable = backups.filter(({ manifest }) => manifest !== null);
  return usable.map(({ replica }) => replica).sort();
}

test("a backup that another server removes meanwhile is no obstacle", async () => {
  expect(await found({ s1: WHOLE, s2: new Error("it is gone") })).toEqual(["s1"]);
});

test("an own one that cannot be read now is not taken for one that never was whole", async () => {
  await expect(found({ s1: new Error("try again"), s2: WHOLE })).rejects.toThrow("try again");
});

test.each(["", "null", "3", "[]", "{"])("what is no manifest is none: %s", async (text) => {
  expect(await found({ s1: WHOLE, s2: text })).toEqual(["s1"]);
  expect(await found({ s1: text, s2: WHOLE })).toEqual(["s2"]);
});

test.each([".", "..", "../d", "a/b", "%2E"])("a name is one folder: %s", (name) => {
  const owner = { ...OWNER, deployment: name, replica: name };
  const [deployment, , replica, end] = replicaPrefix(owner).split("/");
  expect([deployment, end]).toEqual([replica, ""]);
  expect(["", ".", ".."]).not.toContain(replica);
  expect(decodeURIComponent(replica!)).toBe(name);
  expect(replicaPrefix(owner).startsWith(dialectPrefix(owner))).toBe(true);
});
