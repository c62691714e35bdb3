import { constants, createHash, publicEncrypt } from "node:crypto";

/** Answers to the server's authentication methods, written apart from the product's own. */
export function authResponse(plugin: string, password: string, scramble: Buffer): Buffer {
  switch (plugin) {
    case "mysql_native_password": {
      const once = hash("sha1", Buffer.from(password));
      return xor(once, hash("sha1", scramble, hash("sha1", once)));
    }
    case "caching_sha2_password": {
      const once = hash("sha256", Buffer.from(password));
      return xor(once, hash("sha256", hash("sha256", once), scramble));
    }
    default:
      throw new Error(`authentication method ${plugin} is not for this client`);
  }
}

/** caching_sha2_password without TLS, when the server does not remember the account. */
export function encryptedPassword(password: string, scramble: Buffer, publicKey: string): Buffer {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return publicEncrypt({ key: publicKey, padding }, xor(Buffer.from(`${password}\0`), scramble));
}

function hash(algorithm: string, ...parts: readonly Buffer[]): Buffer {
  const state = createHash(algorithm);
  for (const part of parts) state.update(part);
  return state.digest();
}

/** `mask` is repeated as needed. */
function xor(bytes: Buffer, mask: Buffer): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ mask[index % mask.length]!));
}
