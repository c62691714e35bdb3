import { createScramble, nativeResponse, parseAuthSwitchRequest } from "@freshet/mysql-wire";
import { expect, test } from "vitest";
import { authenticate } from "./authenticate.ts";

test("a switch of methods keeps the scramble, which COM_CHANGE_USER answers later", async () => {
  const scramble = createScramble();
  let seen: Buffer = Buffer.alloc(0);
  const accepted = await authenticate(
    {
      send: (payload) => (seen = payload),
      receive: () => {
        const { data } = parseAuthSwitchRequest(seen, 0, seen.length);
        expect(data.subarray(0, scramble.length)).toEqual(scramble);
        return Promise.resolve(nativeResponse("secret", data.subarray(0, scramble.length)));
      },
    },
    {
      password: "secret",
      scramble,
      defaultPlugin: "mysql_native_password",
      plugin: "dialog",
      response: Buffer.from("?"),
      encrypted: false,
      trusted: false,
    },
  );
  expect(accepted).toBe(true);
});
