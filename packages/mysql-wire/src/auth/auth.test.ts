import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  cachingSha2Hash,
  cachingSha2Response,
  clearPassword,
  decryptPassword,
  encryptPassword,
  parseClearPassword,
  verifyCachingSha2,
} from "./caching-sha2.ts";
import { nativeHash, nativeResponse, nativeStage1, verifyNative } from "./native-password.ts";
import { createScramble } from "./scramble.ts";

const password = fc.string({ minLength: 1, maxLength: 40, unit: "binary" });

test("scrambles have 20 bytes, none of them zero, a dollar or above 127", () => {
  for (let round = 0; round < 200; round += 1) {
    const scramble = createScramble();
    expect(scramble.length).toBe(20);
    expect(scramble.every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24)).toBe(true);
  }
});

test("a right password is verified, another is not", () => {
  fc.assert(
    fc.property(password, password, (right, wrong) => {
      const scramble = createScramble();
      const native = nativeResponse(right, scramble);
      expect(verifyNative(native, scramble, nativeHash(right))).toBe(true);
      const sha2 = cachingSha2Response(right, scramble);
      expect(verifyCachingSha2(sha2, scramble, cachingSha2Hash(right))).toBe(true);
      if (Buffer.from(right).equals(Buffer.from(wrong))) return;
      expect(verifyNative(native, scramble, nativeHash(wrong))).toBe(false);
      expect(verifyCachingSha2(sha2, scramble, cachingSha2Hash(wrong))).toBe(false);
      expect(verifyNative(native, createScramble(), nativeHash(right))).toBe(false);
    }),
  );
});

test("known values", () => {
  expect(nativeHash("password").toString("hex")).toBe("2470c0c06dee42fd1618bb99005adca2ec9d1e19");
});

test("empty passwords have empty answers, which only accounts without one take", () => {
  const scramble = createScramble();
  expect(nativeResponse("", scramble).length).toBe(0);
  expect(cachingSha2Response("", scramble).length).toBe(0);
  const nothing = Buffer.alloc(0);
  expect(verifyNative(nothing, scramble, null)).toBe(true);
  expect(verifyCachingSha2(nothing, scramble, null)).toBe(true);
  expect(verifyNative(nothing, scramble, nativeHash("x"))).toBe(false);
  expect(verifyCachingSha2(nothing, scramble, cachingSha2Hash("x"))).toBe(false);
  expect(nativeStage1(nativeResponse("x", scramble), scramble, nativeHash("x"))?.length).toBe(20);
});

test("the full answer by RSA key, and in clear text", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const scramble = createScramble();
  const secret = "pässword longer than the nonce is";
  const sent = encryptPassword(secret, scramble, publicKey);
  expect(decryptPassword(sent, scramble, privateKey)).toBe(secret);
  expect(decryptPassword(sent.subarray(1), scramble, privateKey)).toBeNull();
  const clear = clearPassword(secret);
  expect(parseClearPassword(clear, 0, clear.length)).toBe(secret);
  expect(parseClearPassword(clear, 0, clear.length - 1)).toBeNull();
});
