import type { JsonSchema } from "./option-json-schema.ts";
import type { OPTIONS } from "./options.data.ts";

type Option = (name: (typeof OPTIONS)[number]["name"]) => JsonSchema;

const TEXT: JsonSchema = { type: "string" };
const FLAG: JsonSchema = { type: "boolean" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const PORT: JsonSchema = { type: "integer", minimum: 1, maximum: 65535 };
/** Whatever Kubernetes accepts there. */
const MAP: JsonSchema = { type: "object" };
const LIST: JsonSchema = { type: "array" };
const STRINGS: JsonSchema = { type: "object", additionalProperties: { type: "string" } };

function exactly(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: "object", additionalProperties: false, properties };
}

/** `schema`, or "" for absent. */
function orNone(schema: JsonSchema): JsonSchema {
  const { description, ...rest } = schema;
  const none = { anyOf: [{ const: "" }, rest] };
  return description === undefined ? none : { description, ...none };
}

const SECRET_KEY = { secretName: TEXT, secretKey: TEXT };

const DATABASE = exactly({
  enabled: FLAG,
  ...SECRET_KEY,
  containerPort: PORT,
  rpcPort: PORT,
  service: exactly({
    type: { type: "string", enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
    port: PORT,
    nodePort: { anyOf: [{ type: "null" }, PORT] },
    annotations: STRINGS,
    loadBalancerClass: TEXT,
    loadBalancerSourceRanges: LIST,
    externalTrafficPolicy: { type: "string", enum: ["", "Cluster", "Local"] },
    sessionAffinity: { type: "string", enum: ["None", "ClientIP"] },
  }),
});

const STORAGE = exactly({
  size: TEXT,
  storageClass: TEXT,
  accessModes: LIST,
  annotations: STRINGS,
  retain: exactly({
    whenDeleted: { type: "string", enum: ["Retain", "Delete"] },
    whenScaled: { type: "string", enum: ["Retain", "Delete"] },
  }),
});

const DISRUPTION = exactly({
  enabled: FLAG,
  maxUnavailable: { type: ["integer", "string"] },
});

const WORKLOAD = {
  resources: MAP,
  memoryPercent: { type: "integer", minimum: 1, maximum: 95 },
  podAnnotations: STRINGS,
  podLabels: STRINGS,
  nodeSelector: STRINGS,
  tolerations: LIST,
  affinity: MAP,
  topologySpreadConstraints: LIST,
  priorityClassName: TEXT,
  extraEnv: LIST,
  extraVolumes: LIST,
  extraVolumeMounts: LIST,
};

const PROBE = exactly({
  periodSeconds: { type: "integer", minimum: 1 },
  timeoutSeconds: { type: "integer", minimum: 1 },
  failureThreshold: { type: "integer", minimum: 1 },
});

const AUTOSCALING = exactly({
  enabled: FLAG,
  minReplicas: { type: "integer", minimum: 1 },
  maxReplicas: { type: "integer", minimum: 1 },
  targetCPUUtilizationPercentage: COUNT,
  targetMemoryUtilizationPercentage: COUNT,
  metrics: LIST,
  behavior: MAP,
});

const METRICS = exactly({
  port: PORT,
  serviceAnnotations: STRINGS,
  serviceMonitor: exactly({
    enabled: FLAG,
    interval: TEXT,
    scrapeTimeout: TEXT,
    labels: STRINGS,
    relabelings: LIST,
    metricRelabelings: LIST,
  }),
  prometheusRule: exactly({ enabled: FLAG, labels: STRINGS }),
  dashboard: exactly({ enabled: FLAG, labels: STRINGS, annotations: STRINGS }),
});

const NETWORK_POLICY = exactly({
  enabled: FLAG,
  clientsFrom: LIST,
  metricsFrom: LIST,
  rpcFrom: LIST,
  egress: { anyOf: [{ type: "null" }, LIST] },
});

const CONSUL = exactly({
  enabled: FLAG,
  image: exactly({ repository: TEXT, tag: TEXT, pullPolicy: TEXT }),
  storage: TEXT,
  storageClass: TEXT,
  resources: MAP,
});

/** The chart's values; `config` is the schema of the options that it passes on. */
export function chartValues(option: Option, config: JsonSchema): JsonSchema {
  return exactly({
    global: MAP,
    mode: { type: "string", enum: ["combined", "separate"] },
    nameOverride: TEXT,
    fullnameOverride: TEXT,
    commonLabels: STRINGS,
    image: exactly({
      repository: { type: "string", minLength: 1 },
      tag: TEXT,
      digest: TEXT,
      pullPolicy: { type: "string", enum: ["Always", "IfNotPresent", "Never"] },
      pullSecrets: LIST,
    }),
    deployment: option("deployment"),
    region: orNone(option("region")),
    fallbackRegions: option("fallback-region"),
    listenHost: { type: "string", enum: ["0.0.0.0", "[::]"] },
    postgres: DATABASE,
    mysql: DATABASE,
    secret: exactly({ name: TEXT, create: FLAG, keys: STRINGS, values: STRINGS }),
    allowedUsers: exactly(SECRET_KEY),
    upstreamTls: exactly({ caSecretName: TEXT, caKey: TEXT }),
    clientTls: exactly({ secretName: TEXT, certKey: TEXT, keyKey: TEXT }),
    config,
    drain: exactly({ delay: option("drain-delay"), timeout: option("drain-timeout") }),
    authority: exactly({
      address: orNone(option("authority-address")),
      ...SECRET_KEY,
      tls: exactly({
        caSecretName: TEXT,
        caKey: TEXT,
        clientSecretName: TEXT,
        certKey: TEXT,
        keyKey: TEXT,
      }),
    }),
    rpc: exactly({
      ...SECRET_KEY,
      tls: exactly({ secretName: TEXT, certKey: TEXT, keyKey: TEXT, caKey: TEXT }),
    }),
    backup: exactly({
      location: orNone(option("backup")),
      credentialsSecretName: TEXT,
      env: STRINGS,
      existingClaim: TEXT,
    }),
    combined: exactly({ ...WORKLOAD, storage: STORAGE }),
    server: exactly({
      replicas: { type: "integer", minimum: 1 },
      ...WORKLOAD,
      storage: STORAGE,
      advertiseHost: orNone(option("advertise-host")),
      podDisruptionBudget: DISRUPTION,
    }),
    adapter: exactly({
      replicas: COUNT,
      ...WORKLOAD,
      autoscaling: AUTOSCALING,
      podDisruptionBudget: DISRUPTION,
    }),
    probes: exactly({ startup: PROBE, live: PROBE, ready: PROBE }),
    podSecurityContext: MAP,
    securityContext: MAP,
    serviceAccount: exactly({ create: FLAG, name: TEXT, annotations: STRINGS }),
    metrics: METRICS,
    networkPolicy: NETWORK_POLICY,
    consul: CONSUL,
  });
}
