import type { ByteBuilder } from "./byte-builder.ts";

/** inet_send: family, prefix bits, is_cidr, address length, address. */
const FAMILY_V4 = 2;
const FAMILY_V6 = 3;

/** From canonical text, `10.1.0.0/16`, `::1`, `fe80::1/64`. */
export function encodeInet(text: string, isCidr: boolean, out: ByteBuilder): void {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const bytes = address.includes(":") ? addressV6(address) : addressV4(address);
  const bits = slash === -1 ? bytes.length * 8 : Number(text.slice(slash + 1));
  out.uint8(bytes.length === 4 ? FAMILY_V4 : FAMILY_V6);
  out.uint8(bits);
  out.uint8(isCidr ? 1 : 0);
  out.uint8(bytes.length);
  for (const byte of bytes) out.uint8(byte);
}

function addressV4(address: string): number[] {
  return address.split(".").map(Number);
}

function addressV6(address: string): number[] {
  const gap = address.indexOf("::");
  if (gap === -1) return groups(address);
  const head = groups(address.slice(0, gap));
  const tail = groups(address.slice(gap + 2));
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

/** The last group may be a dotted IPv4 address. */
function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return addressV4(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
