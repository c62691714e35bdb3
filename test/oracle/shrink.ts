import { type Query } from "./query.ts";
import type { Script, Step } from "./script.ts";

export interface ShrinkOptions {
  /** Does this script still go wrong? */
  readonly fails: (script: Script) => Promise<boolean>;
  readonly limitMs: number;
}

/** Makes a failing script smaller until nothing more can go, or time is up. */
export async function shrink(
  script: Script,
  query: number | null,
  options: ShrinkOptions,
): Promise<Script> {
  const deadline = performance.now() + options.limitMs;
  const inTime = (): boolean => performance.now() < deadline;
  const fails = async (candidate: Script): Promise<boolean> =>
    inTime() && (await options.fails(candidate));
  let best = script;
  const attempt = async (candidate: Script): Promise<boolean> => {
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  if (query !== null) await attempt(onlyQuery(best, query));
  await attempt(onlyLastRead(best));
  await attempt({ ...best, steps: best.steps.filter(({ do: kind }) => kind !== "restart") });
  await attempt({ ...best, memoryLimitBytes: 64 << 20 });
  await reduceUnits(best, attempt);
  best = { ...best, steps: await reduceList(best.steps, (steps) => attempt({ ...best, steps })) };
  best = { ...best, rows: await reduceList(best.rows, (rows) => attempt({ ...best, rows })) };
  if (query !== null) await reduceQuery(() => best, query, attempt);
  best = { ...best, steps: await reduceList(best.steps, (steps) => attempt({ ...best, steps })) };
  best = {
    ...best,
    schema: await reduceList(best.schema, (schema) => attempt({ ...best, schema })),
  };
  return best;
}

function onlyQuery(script: Script, query: number): Script {
  const steps = script.steps.filter((step) => !("query" in step) || step.query === query);
  return { ...script, steps };
}

/** Of the reads, those of the key that was wrong at the end. */
function onlyLastRead(script: Script): Script {
  const last = script.steps.at(-1);
  if (last?.do !== "check") return script;
  const key = JSON.stringify(last.args);
  const steps = script.steps.filter(
    (step) => !("args" in step) || (step.query === last.query && JSON.stringify(step.args) === key),
  );
  return { ...script, steps };
}

async function reduceUnits(
  script: Script,
  attempt: (script: Script) => Promise<boolean>,
): Promise<void> {
  const units = [
    ...new Set(script.steps.flatMap((step) => (step.do === "sql" ? [step.unit] : []))),
  ];
  const without = (kept: readonly number[]): Script => ({
    ...script,
    steps: script.steps.filter((step) => step.do !== "sql" || kept.includes(step.unit)),
  });
  await reduceList(units, (kept) => attempt(without(kept)));
}

/** Removes ever smaller runs of items while the failure stays (delta debugging). */
async function reduceList<T>(
  items: readonly T[],
  attempt: (items: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let rest = items;
  let size = Math.ceil(items.length / 2);
  while (size >= 1 && rest.length > 0) {
    let at = 0;
    while (at < rest.length) {
      const candidate = [...rest.slice(0, at), ...rest.slice(at + size)];
      if (await attempt(candidate)) rest = candidate;
      else at += size;
    }
    size = size === 1 ? 0 : Math.ceil(size / 2);
  }
  return rest;
}

async function reduceQuery(
  current: () => Script,
  index: number,
  attempt: (script: Script) => Promise<boolean>,
): Promise<void> {
  let changed = true;
  while (changed) {
    changed = false;
    for (const smaller of smallerQueries(current().queries[index]!)) {
      const queries = current().queries.map((query, number) =>
        number === index ? smaller : query,
      );
      if (await attempt({ ...current(), queries })) {
        changed = true;
        break;
      }
    }
  }
}

function smallerQueries(query: Query): readonly Query[] {
  const lists = ["joins", "where", "having", "orderBy", "ctes", "groupBy", "items"] as const;
  return [
    ...(query.offset === null ? [] : [{ ...query, offset: null }]),
    ...(query.limit === null ? [] : [{ ...query, limit: null }]),
    ...(query.distinct ? [{ ...query, distinct: false }] : []),
    ...lists.flatMap((name) =>
      query[name].flatMap((_, at): Query[] => {
        const rest = query[name].toSpliced(at, 1);
        return name === "items" && rest.length === 0 ? [] : [{ ...query, [name]: rest }];
      }),
    ),
  ];
}

/** The script as a person would type it. */
export function transcript(script: Script, describe: (step: Step) => string): string {
  return [
    ...script.schema.map((text) => `${text};`),
    ...script.rows.map((text) => `${text};`),
    ...script.steps.map(describe),
  ].join("\n");
}
