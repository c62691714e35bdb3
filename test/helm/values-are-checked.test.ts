import { describe, expect, it } from "vitest";
import { render } from "./chart.ts";

/** What Helm says to a topology with one value changed. */
async function refusal(topology: string, ...set: readonly string[]): Promise<string> {
  return render(topology, ...set).then(
    () => "accepted",
    (error: unknown) => String(error),
  );
}

describe("values that cannot be are refused by name", () => {
  it.each([
    ['config={"adapter-threads":100}', "adapter-threads"],
    ['config={"in-transaction":"sometimes"}', "in-transaction"],
    ['config={"read-your-writes-timeout":"soon"}', "read-your-writes-timeout"],
    ['config={"replication-tables":["orders"]}', "replication-tables"],
    ['config={"tracing-endpoint":"otel:4318"}', "tracing-endpoint"],
    ['config={"log-levle":"debug"}', "log-levle"],
    // What the chart sets itself would otherwise be set twice.
    ['config={"storage-dir":"/elsewhere"}', "storage-dir"],
    ['config={"rpc-secret":"in the open"}', "rpc-secret"],
    ['drain.delay="a while"', "delay"],
    ['deployment="with space"', "deployment"],
    ['mode="both"', "mode"],
    ['backup.location="/var/backups"', "location"],
    ["server.replicas=0", "replicas"],
    ['adaptor={"replicas":3}', "adaptor"],
  ])("%s", async (set, name) => {
    expect(await refusal("separate", set)).toContain(name);
  });
});

describe("combinations that cannot be are refused with a sentence", () => {
  it.each([
    ["minimal", ["postgres.enabled=false"], "Enable a database"],
    ["minimal", ['secret.name=""'], "set secret.name to an existing Secret"],
    ["combined-postgres", ["mysql.enabled=true"], "secret.values.mysqlUrl"],
    ["combined-postgres", ['secret.values.pgUrl="x"'], "secret.values.pgUrl is not known"],
    ["separate", ['authority.address=""'], "set authority.address"],
    ["separate-trial", ['secret.values.rpcSecret=""'], "set secret.values.rpcSecret"],
    ["minimal", ['backup.location="file:///backup"'], "backup.location belongs to mode separate"],
    ["minimal", ["consul.enabled=true"], "consul.enabled belongs to mode separate"],
    ["multi-region", [`fullnameOverride="${"long".repeat(9)}"`], "longer than the 40 characters"],
    ["minimal", ['combined.resources={"limits":{"memory":"2 gigs"}}'], "write it as 512Mi or 2Gi"],
  ] as const)("%s with %s", async (topology, set, sentence) => {
    expect(await refusal(topology, ...set)).toContain(sentence);
  });
});
