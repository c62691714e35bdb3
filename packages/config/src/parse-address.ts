/** A TCP address; an IPv6 host has no brackets here. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Accepts `host:port`, `[::1]:port`, `:port` (all interfaces) and `port` (loopback). */
export function parseAddress(text: string): Address | null {
  const match = /^(?:(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, six, name, digits] = match;
  const port = Number(digits);
  if (port > 65535) return null;
  if (six !== undefined) return { host: six, port };
  if (name === undefined) return { host: "127.0.0.1", port };
  return { host: name === "" ? "::" : name, port };
}

export function formatAddress(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}
