import { dial, listen } from "./testing.ts";

/** For tests: one side of a link as a process of its own, which can be stopped and continued. */
const [role, argument, timeout] = process.argv.slice(2);
const timeoutMs = Number(timeout);

if (role === "server") {
  const { address } = await listen({
    timeoutMs,
    accept: (link) => {
      link.onMessage(() => undefined);
      link.onClose(() => process.send?.({ closed: link.closeReason }));
      process.send?.({ linked: true });
    },
  });
  process.send?.({ address });
} else {
  const link = await dial(String(argument), { timeoutMs });
  link.onMessage(() => undefined);
  link.onClose(() => process.send?.({ closed: link.closeReason }));
  process.send?.({ linked: true });
}
