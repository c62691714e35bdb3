import { parentPort, workerData } from "node:worker_threads";
import { type ServerLink, type ToAdapter, type ToServer, portLink } from "@freshet/rpc";
import { startEngine } from "@freshet/server";
import { Metrics, createLogger, watchThread } from "@freshet/telemetry";
import { ConfigurationError, must } from "@freshet/util";
import { DocumentPorts } from "./document-ports.ts";
import type { EngineThreadData, FromEngine } from "./messages.ts";
import { SeparateEngine } from "./separate-engine.ts";
import { collectEngine, engineMetrics } from "./engine-telemetry.ts";
import { runThread, threadName } from "./thread-host.ts";
import { threadTracing } from "./thread-tracing.ts";

/** The engine's thread: opens the engine and hands it the links that the main thread sends. */

const STATUS_INTERVAL_MS = 250;

const data = workerData as EngineThreadData;
const logger = createLogger({ ...data.log, name: threadName(data, "engine") });
const metrics = new Metrics(data.label);
watchThread(metrics, "engine");

const post = (message: FromEngine): void =>
  must(parentPort, "this file runs in a worker thread").postMessage(message);
const separate =
  data.separate === null
    ? null
    : new SeparateEngine({
        data: data.separate,
        documents: new DocumentPorts(post),
        post,
        metrics,
        logger,
      });

runThread(
  metrics,
  logger,
  async (tell, fail) => {
    const starting = new AbortController();
    const tracing = await threadTracing(data, "engine", logger);
    const engine = await startEngine({
      upstreamUrl: data.upstreamUrl,
      deployment: data.deployment,
      storageDir: data.storageDir,
      memoryLimitBytes: data.memoryLimitBytes,
      disableSetup: data.disableSetup,
      replicationTables: data.replicationTables,
      replicationTablesIgnore: data.replicationTablesIgnore,
      ...separate?.engineOptions,
      signal: starting.signal,
      logger,
      metrics: engineMetrics(metrics, tracing.tracer),
      onFatal: fail,
    });
    await separate?.listen(engine);
    engine.ready.then(
      () => tell({ kind: "online" }),
      (error: unknown) => {
        if (error instanceof ConfigurationError) fail(error);
      },
    );
    collectEngine(metrics, engine, data.storageDir);
    if (separate !== null) {
      metrics.onCollect(() => metrics.links.links.set({ end: "server" }, separate.links));
    }
    const status = setInterval(() => {
      const { serving, servingReason, position, lastError } = engine.status();
      const links = separate?.links ?? 0;
      tell({ kind: "status", status: { serving, servingReason, position, lastError, links } });
    }, STATUS_INTERVAL_MS);
    return {
      link(port, adapter) {
        const link: ServerLink = portLink<ToAdapter, ToServer>(port);
        engine.attach(link, adapter);
      },
      tell: (message) => separate?.tell(message),
      async stop() {
        clearInterval(status);
        await separate?.close();
        await engine.close();
        await tracing.close();
      },
    };
  },
  separate?.documents ?? null,
);
