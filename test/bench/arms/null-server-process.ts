import { Worker } from "node:worker_threads";

/** The null server's process: `port threads column typeId typeSize value`; ends with its parent. */

const [port, threads, column, typeId, typeSize, value] = process.argv.slice(2);
const workerData = {
  port: Number(port),
  column,
  typeId: Number(typeId),
  typeSize: Number(typeSize),
  value,
};
let listening = 0;
for (let thread = 0; thread < Number(threads); thread += 1) {
  const worker = new Worker(new URL("./null-server-thread.ts", import.meta.url), { workerData });
  worker.on("message", () => {
    listening += 1;
    if (listening === Number(threads)) process.send?.("listening");
  });
  worker.on("error", (error) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
}
process.once("disconnect", () => process.exit(0));
process.once("SIGTERM", () => process.exit(0));
