/** One fault, as it went. */
export interface Injection {
  readonly fault: string;
  readonly lastedMs: number;
  /** From its start until every adapter answered from its caches for good. */
  readonly serviceMs: number;
  /** The part of it after the fault's end. */
  readonly afterEndMs: number;
  /** Between the first and the last error that a client saw. */
  readonly errorMs: number;
  readonly errors: number;
  readonly wrong: number;
  readonly hung: number;
}

const HEAD = [
  "fault",
  "times",
  "lasts, s",
  "full service after its start, s (median / most)",
  "after its end, s (median / most)",
  "clients see errors for, s (median / most)",
  "errors",
  "wrong",
  "hung",
];

/** A Markdown table, a line for each kind of fault. */
export function faultTable(
  injections: readonly Injection[],
  ledger: { readonly lost: number; readonly twice: number },
): readonly string[] {
  const faults = [...new Set(injections.map(({ fault }) => fault))].toSorted();
  const rows = faults.map((fault) => {
    const own = injections.filter((each) => each.fault === fault);
    const total = (key: "errors" | "wrong" | "hung"): string =>
      String(own.reduce((sum, each) => sum + each[key], 0));
    const spread = (key: "serviceMs" | "afterEndMs" | "errorMs"): string => {
      const values = own.map((each) => each[key]);
      return `${seconds(median(values))} / ${seconds(Math.max(...values))}`;
    };
    return [
      ...[fault, String(own.length), seconds(median(own.map((each) => each.lastedMs)))],
      ...[spread("serviceMs"), spread("afterEndMs"), spread("errorMs")],
      ...[total("errors"), total("wrong"), total("hung")],
    ];
  });
  return [
    line(HEAD),
    line(HEAD.map(() => "---")),
    ...rows.map(line),
    "",
    `Statements lost that a client was told had succeeded: ${ledger.lost}; applied twice: ${ledger.twice}.`,
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, two) => one - two);
  return sorted[(sorted.length - 1) >> 1] ?? 0;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
