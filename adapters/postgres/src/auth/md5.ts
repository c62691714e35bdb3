import { createHash } from "node:crypto";

/** The response of md5 authentication: `md5` + md5(md5(password + user) + salt). */
export function md5Response(user: string, password: string, salt: Buffer): string {
  const inner = createHash("md5").update(`${password}${user}`, "utf8").digest("hex");
  return `md5${createHash("md5").update(inner).update(salt).digest("hex")}`;
}
