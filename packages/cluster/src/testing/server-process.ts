/**
 * A server that joins and campaigns, as a process of its own that tests can pause and kill: prints
 * a JSON line for what it is told, and ends with its standard input.
 * Arguments: address of Consul, deployment, name.
 */
import { messageOf } from "@freshet/util";
import { connectTo, testMember } from "./testbed.ts";

const [address = "", deployment = "", name = ""] = process.argv.slice(2);
const say = (event: string, detail: unknown): void => {
  process.stdout.write(`${JSON.stringify({ event, detail })}\n`);
};

process.stdin.on("end", () => process.exit(0)).resume();
const authority = connectTo(address, deployment);
try {
  await authority.join(
    () => testMember(name),
    (reason) => say("usurped", reason),
  );
  authority.campaign({
    region: "here",
    addresses: { postgres: `${name}:6035` },
    eligible: () => true,
    onElected: (leader) => say("elected", leader),
    onDeposed: (reason) => {
      say("deposed", reason);
    },
  });
} catch (error) {
  say("failed", messageOf(error));
}
