import { type ChildProcess, execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What is added to a place's packets, each way. */
export interface Impairment {
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
}

/** A network namespace with an address of its own. */
export interface Place {
  readonly name: string;
  readonly address: string;
  /** Put before a command's own words; the process keeps the pid of what is started. */
  readonly prefix: readonly string[];
}

interface Wires {
  readonly namespace: string;
  /** The bridge's end of its cable. */
  readonly device: string;
}

const SLOW_LINK = join(import.meta.dirname, "slow-link.py");
/** Of the bridge on the link layer; a locally administered one. */
const BRIDGE_ADDRESS = "02:46:52:00:00:01";
/** Where packets into the void go. */
const VOID = "void0";

/**
 * Network namespaces joined by a bridge, on private addresses (10.231.x.0/24). The bridge itself
 * has an address for each service that runs outside of namespaces. Two places are parted by
 * routing what one sends to the other to a device that drops it; the strict check of return paths
 * then drops what comes from there too: silence, as behind a broken switch. Needs root.
 */
export class Network {
  readonly #id: string;
  readonly #subnet: string;
  readonly #places = new Map<string, Place & Wires>();
  readonly #slow = new Map<string, ChildProcess | null>();
  #nextHost = 20;

  private constructor(id: string, subnet: string) {
    this.#id = id;
    this.#subnet = subnet;
  }

  /** `services`: names that get an address on the bridge, see `serviceAddress`. */
  static async create(services: readonly string[]): Promise<Network> {
    const id = `fr${process.pid.toString(36)}`;
    const network = new Network(id, `10.231.${process.pid % 250}`);
    try {
      await ip("link", "add", network.#bridge, "type", "bridge");
    } catch (cause) {
      throw new Error(
        "Network namespaces are not to be had here: they need root and the program ip (package iproute2).",
        { cause },
      );
    }
    // Otherwise it is the least of its ports', changes with them, and nobody's ARP table knows it.
    await ip("link", "set", network.#bridge, "address", BRIDGE_ADDRESS);
    await ip("addr", "add", `${network.#subnet}.1/24`, "dev", network.#bridge);
    for (const [index, service] of services.entries()) {
      network.#services.set(service, `${network.#subnet}.${10 + index}`);
      await ip("addr", "add", `${network.#subnet}.${10 + index}/24`, "dev", network.#bridge);
    }
    await ip("link", "set", network.#bridge, "up");
    return network;
  }

  readonly #services = new Map<string, string>();

  get #bridge(): string {
    return `${this.#id}b`;
  }

  /** The pattern of all addresses. */
  get subnet(): string {
    return `${this.#subnet}.0/24`;
  }

  serviceAddress(name: string): string {
    const address = this.#services.get(name);
    if (address === undefined) throw new Error(`there is no service ${name}`);
    return address;
  }

  async place(name: string): Promise<Place> {
    const namespace = `${this.#id}-${name}`;
    const device = `${this.#id}${name}`;
    const address = `${this.#subnet}.${this.#nextHost}`;
    this.#nextHost += 1;
    const prefix = ["ip", "netns", "exec", namespace];
    const place = { name, address, prefix, namespace, device };
    await ip("netns", "add", namespace);
    this.#places.set(name, place);
    await ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await ip("link", "set", device, "master", this.#bridge, "up");
    const inside = ["-n", namespace];
    await ip(...inside, "link", "set", "lo", "up");
    await ip(...inside, "addr", "add", `${address}/24`, "dev", "eth0");
    await ip(...inside, "link", "set", "eth0", "up");
    await ip(...inside, "link", "add", VOID, "type", "ifb");
    await ip(...inside, "link", "set", VOID, "up");
    for (const where of ["all", "eth0"]) {
      const file = `/proc/sys/net/ipv4/conf/${where}/rp_filter`;
      await run("ip", ["netns", "exec", namespace, "sh", "-c", `echo 1 > ${file}`]);
    }
    return place;
  }

  /** Nothing passes between the place and these addresses, either way, until `join`. */
  async part(name: string, addresses: readonly string[]): Promise<void> {
    const { namespace, address } = this.#placeOf(name);
    for (const other of addresses) {
      await ip("-n", namespace, "route", "add", `${other}/32`, "dev", VOID, "src", address);
    }
  }

  async join(name: string, addresses: readonly string[]): Promise<void> {
    const { namespace } = this.#placeOf(name);
    for (const other of addresses) {
      await ip("-n", namespace, "route", "del", `${other}/32`, "dev", VOID);
    }
  }

  /** Delays and loses packets of the place until `heal`: by netem, or where it is not, ourselves. */
  async impair(name: string, impairment: Impairment): Promise<void> {
    const { device } = this.#placeOf(name);
    const { delayMs, jitterMs, lossPercent } = impairment;
    const netem = ["delay", `${delayMs}ms`, `${jitterMs}ms`, "loss", `${lossPercent}%`];
    try {
      await run("tc", ["qdisc", "add", "dev", device, "root", "netem", ...netem]);
      this.#slow.set(name, null);
      return;
    } catch {
      // The kernel has no netem: carry the packets ourselves.
    }
    const [inner, outer] = [`${device}i`, `${device}o`];
    await ip("link", "add", inner, "type", "veth", "peer", "name", outer);
    await ip("link", "set", outer, "master", this.#bridge, "up");
    await ip("link", "set", inner, "up", "promisc", "on");
    await ip("link", "set", device, "promisc", "on");
    await ip("link", "set", device, "nomaster");
    const numbers = [delayMs, jitterMs, lossPercent].map(String);
    this.#slow.set(name, await startSlowLink([device, inner, ...numbers]));
  }

  async heal(name: string): Promise<void> {
    const carrier = this.#slow.get(name);
    if (carrier === undefined) return;
    this.#slow.delete(name);
    const { device } = this.#placeOf(name);
    if (carrier === null) {
      await run("tc", ["qdisc", "del", "dev", device, "root"]);
      return;
    }
    carrier.kill("SIGKILL");
    await ip("link", "set", device, "master", this.#bridge);
    await ip("link", "del", `${device}i`);
  }

  /** Every process within must have ended. */
  async destroy(): Promise<void> {
    for (const name of [...this.#slow.keys()]) await this.heal(name).catch(() => undefined);
    // A namespace may live on for a while: what hangs in it is removed by name.
    for (const { namespace, device } of this.#places.values()) {
      await ip("link", "del", device).catch(() => undefined);
      await ip("netns", "del", namespace).catch(() => undefined);
    }
    await ip("link", "del", this.#bridge).catch(() => undefined);
  }

  #placeOf(name: string): Place & Wires {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`there is no place ${name}`);
    return place;
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await run("ip", args);
}

async function startSlowLink(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn("python3", [SLOW_LINK, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stdout.once("data", () => resolve());
    const failed = (cause: unknown): void =>
      reject(
        new Error(
          `Packets cannot be delayed here: the kernel has no netem and python3 does not stand in for it (${said}).`,
          { cause },
        ),
      );
    child.once("error", failed);
    child.once("exit", failed);
  });
  return child;
}
