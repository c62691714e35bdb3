/** The container's health check: asks the process beside it whether it is alive. */
const port = (process.env.METRICS_ADDRESS ?? "6034").split(":").at(-1);
const answer = await fetch(`http://127.0.0.1:${port}/health/live`).catch(() => null);
process.exit(answer?.ok === true ? 0 : 1);
