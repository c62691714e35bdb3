import { type Config, helpText, parseConfig, redact } from "@freshet/config";
import { ConfigurationError, messageOf } from "@freshet/util";

/**
 * The command: reads the options, does one of help, version, verify, cleanup, combined mode,
 * server, adapter or demo, and ends with 0, or with 1 after one sentence on standard error.
 */
async function main(): Promise<number> {
  const config = parseConfig(process.argv.slice(2), process.env);
  if (config.help) {
    process.stdout.write(helpText());
    return 0;
  }
  if (config.version) {
    const { PRODUCT_VERSION } = await import("@freshet/server");
    process.stdout.write(`freshet ${PRODUCT_VERSION}\n`);
    return 0;
  }
  const signal = stopSignal();
  if (config.upstreamUrls === null) {
    const { runDemo } = await import("./demo/run-demo.ts");
    // The demo's password is no secret: people paste it.
    await runDemo(config, { signal, print: (line) => void process.stdout.write(`${line}\n`) });
    return 0;
  }
  return runWithUpstreams(config, signal);
}

async function runWithUpstreams(config: Config, signal: AbortSignal): Promise<number> {
  if (config.verify || config.cleanup) return runActions(config);
  switch (config.role) {
    case "combined": {
      const { combinedConfigs } = await import("./start/configure.ts");
      const { runCombined } = await import("./combined/run-combined.ts");
      await runCombined(combinedConfigs(config), { signal });
      return 0;
    }
    case "server": {
      const { runServer } = await import("./separate/run-server.ts");
      await runServer(config, { signal });
      return 0;
    }
    case "adapter": {
      const { runAdapter } = await import("./separate/run-adapter.ts");
      await runAdapter(config, { signal });
      return 0;
    }
  }
}

async function runActions(config: Config): Promise<number> {
  const { combinedConfigs } = await import("./start/configure.ts");
  const { verify, cleanup } = await import("./actions.ts");
  let ok = true;
  for (const each of combinedConfigs(config)) {
    if (config.cleanup) await cleanup(each, print);
    else ok = (await verify(each, print)) && ok;
  }
  return ok ? 0 : 1;
}

function print(line: string): void {
  process.stdout.write(`${redact(line)}\n`);
}

/** A terminal's Ctrl-C may arrive twice, from the terminal and through the launcher. */
const SAME_KEY_PRESS_MS = 500;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, or when the launcher is gone; a second signal
 * ends the process at once.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let firstMs = 0;
  const stop = (): void => {
    if (!controller.signal.aborted) {
      firstMs = performance.now();
      controller.abort();
    } else if (performance.now() - firstMs > SAME_KEY_PRESS_MS) process.exit(130);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
  if (process.channel !== undefined && process.channel !== null) {
    process.once("disconnect", stop);
    // The channel alone must not keep the process alive.
    process.channel.unref();
  }
  return controller.signal;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const expected = error instanceof ConfigurationError;
    const stack = error instanceof Error && !expected ? (error.stack ?? error.message) : null;
    process.stderr.write(`freshet: ${redact(stack ?? messageOf(error))}\n`);
    process.exit(1);
  },
);
