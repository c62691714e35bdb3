import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IndexSpec, Row, Snapshot, TableSchema } from "@freshet/types";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ALL_KINDS, typeOfKind, valueOfKind } from "../../types/test/value-arbitraries.ts";
import { ModelTable, show } from "../test/model.ts";
import { openStore } from "./index.ts";
import type { OpenedStore } from "./index.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "freshet-store-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const TABLE = 7;

interface Plan {
  readonly schema: TableSchema;
  readonly indexes: readonly IndexSpec[];
  /** A few rows, used again and again so that keys meet. */
  readonly pool: readonly Row[];
}

const plans: fc.Arbitrary<Plan> = fc
  .array(fc.constantFrom(...ALL_KINDS), { minLength: 1, maxLength: 5 })
  .chain((kinds) => {
    const positions = kinds.map((_, index) => index);
    const someColumns = fc.shuffledSubarray(positions, {
      minLength: 1,
      maxLength: Math.min(3, kinds.length),
    });
    return fc
      .record({
        key: fc.option(someColumns, { nil: null }),
        indexes: fc.uniqueArray(someColumns, { maxLength: 3, selector: String }),
      })
      .chain(({ key, indexes }) => {
        const row = fc.tuple(
          ...kinds.map((kind, at) => {
            const value = valueOfKind(kind, { long: true });
            return key?.includes(at) === true ? value : fc.option(value, { nil: null });
          }),
        );
        return fc.array(row, { minLength: 1, maxLength: 12 }).map((pool) => ({
          schema: schemaOf(kinds, key),
          indexes: indexes.map((columns) => ({ table: TABLE, columns })),
          pool: crossed(pool),
        }));
      });
  });

/** Adds mixtures of two rows, so that rows share some values. */
function crossed(pool: readonly Row[]): Row[] {
  return pool.flatMap((row, index) => [
    row,
    row.map((value, at) => ((index + at) % 2 === 0 ? value : (pool[0]?.[at] ?? value))),
  ]);
}

function schemaOf(kinds: readonly (typeof ALL_KINDS)[number][], key: number[] | null): TableSchema {
  return {
    id: TABLE,
    schema: "public",
    name: "t",
    columns: kinds.map((kind, number) => ({
      name: `c${number}`,
      number: number + 1,
      type: typeOfKind(kind),
      notNull: key?.includes(number) === true,
    })),
    key,
    uniqueKeys: [],
    generation: "1",
  };
}

const bound = fc.option(fc.record({ row: fc.nat(), inclusive: fc.boolean() }), { nil: undefined });
type Step =
  | { readonly kind: "write"; readonly changes: readonly (readonly [string, number])[] }
  | { readonly kind: "fail"; readonly at: number }
  | { readonly kind: "truncate" | "hold" | "checkpoint" | "reopen" | "ensure" | "drop" }
  | {
      readonly kind: "lookup";
      readonly index: number;
      readonly row: number;
      readonly equals: number;
      readonly lower: { readonly row: number; readonly inclusive: boolean } | undefined;
      readonly upper: { readonly row: number; readonly inclusive: boolean } | undefined;
      readonly descending: boolean;
    };

const change = fc.tuple(fc.constantFrom("upsert", "upsert", "upsert", "delete", "get"), fc.nat());
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("write" as const), changes: fc.array(change) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("fail" as const), at: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        "truncate" as const,
        "hold",
        "hold",
        "hold",
        "checkpoint",
        "reopen",
        "ensure",
        "drop",
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("lookup" as const),
      index: fc.nat(),
      row: fc.nat(),
      equals: fc.nat(),
      lower: bound,
      upper: bound,
      descending: fc.boolean(),
    }),
  },
);

/** The store and the model side by side. */
class Run {
  store: OpenedStore;
  model: ModelTable;
  readonly #directory: string;
  readonly #plan: Plan;
  #indexes: IndexSpec[] = [];
  #held: {
    readonly snapshot: Snapshot;
    readonly rows: ModelTable;
    readonly indexes: IndexSpec[];
  }[] = [];
  #position = 0;

  constructor(store: OpenedStore, directory: string, plan: Plan) {
    this.store = store;
    this.#directory = directory;
    this.#plan = plan;
    this.model = new ModelTable(plan.schema);
    store.createTable(plan.schema);
    this.#ensure();
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case "write":
        this.#write(step.changes);
        break;
      case "fail":
        this.#fail(this.#row(step.at));
        break;
      case "truncate":
        this.store.write((batch) => batch.truncate(TABLE));
        this.model = new ModelTable(this.#plan.schema);
        break;
      case "hold":
        this.#hold();
        break;
      case "checkpoint":
        expect(await this.store.checkpoint()).toBe(this.store.position());
        expect(this.store.durablePosition()).toBe(this.store.position());
        break;
      case "reopen":
        await this.#reopen();
        break;
      case "ensure":
        this.#ensure();
        break;
      case "drop":
        for (const index of this.#indexes) this.store.dropIndex(index);
        this.#indexes = [];
        break;
      case "lookup":
        this.#lookupEverywhere(step);
        break;
    }
  }

  async finish(): Promise<void> {
    for (const held of this.#held) this.#compareAll(held.snapshot, held.rows);
    const last = this.store.snapshot();
    this.#compareAll(last, this.model);
    await this.store.close();
  }

  #write(changes: readonly (readonly [string, number])[]): void {
    this.#position++;
    const { key } = this.#plan.schema;
    this.store.write((batch) => {
      for (const [kind, at] of changes) {
        const row = this.#row(at);
        const target = key === null ? row : key.map((column) => row[column] ?? null);
        if (kind === "upsert") {
          expect(batch.upsert(TABLE, row)).toStrictEqual(this.model.upsert(row));
        } else if (kind === "delete") {
          expect(batch.delete(TABLE, target)).toStrictEqual(this.model.delete(target));
        } else if (key !== null) {
          expect(batch.get(TABLE, target)).toStrictEqual(this.model.get(target));
        }
      }
      batch.setPosition(String(this.#position));
      batch.putDocument("last", { position: this.#position });
    });
    expect(this.store.position()).toBe(String(this.#position));
    expect(this.store.readDocument("last")).toEqual({ position: this.#position });
  }

  #fail(row: Row): void {
    const failing = (): void =>
      this.store.write((batch) => {
        batch.upsert(TABLE, row);
        batch.truncate(TABLE);
        batch.upsert(TABLE, row);
        batch.setPosition("never");
        throw new Error("on purpose");
      });
    expect(failing).toThrow("on purpose");
    expect(this.store.tables()[0]?.rows).toBe(this.model.rows.length);
  }

  #hold(): void {
    const rows = new ModelTable(this.#plan.schema, this.model.rows);
    this.#held.push({ snapshot: this.store.snapshot(), rows, indexes: [...this.#indexes] });
    if (this.#held.length > 3) {
      const oldest = this.#held.shift();
      this.#compareAll(oldest?.snapshot as Snapshot, oldest?.rows as ModelTable);
      oldest?.snapshot.close();
    }
  }

  async #reopen(): Promise<void> {
    const position = this.store.position();
    await this.store.close();
    this.#held = [];
    this.store = await openStore({ directory: this.#directory });
    expect(this.store.cleanShutdown).toBe(true);
    expect(this.store.position()).toBe(position);
    expect(this.store.durablePosition()).toBe(position);
    expect(this.store.tables()[0]?.schema).toEqual(this.#plan.schema);
  }

  #ensure(): void {
    for (const index of this.#plan.indexes) this.store.ensureIndex(index);
    this.#indexes = [...this.#plan.indexes];
  }

  #lookupEverywhere(step: Step & { kind: "lookup" }): void {
    const now = this.store.snapshot();
    const views = [...this.#held, { snapshot: now, rows: this.model, indexes: this.#indexes }];
    for (const view of views) {
      const { key } = this.#plan.schema;
      const all = key === null ? view.indexes : [...view.indexes, { table: TABLE, columns: key }];
      const index = all[step.index % Math.max(1, all.length)];
      if (index !== undefined) this.#lookup(view.snapshot, view.rows, index, step);
    }
    now.close();
  }

  #lookup(
    snapshot: Snapshot,
    rows: ModelTable,
    { columns }: IndexSpec,
    step: Step & { kind: "lookup" },
  ): void {
    const equals = columns
      .slice(0, step.equals % (columns.length + 1))
      .map((column) => this.#row(step.row)[column] ?? null);
    const next = columns[equals.length];
    const at = (end: { readonly row: number; readonly inclusive: boolean }) => ({
      value: this.#row(end.row)[next ?? 0] ?? null,
      inclusive: end.inclusive,
    });
    const range =
      next === undefined
        ? undefined
        : {
            ...(step.lower === undefined ? {} : { lower: at(step.lower) }),
            ...(step.upper === undefined ? {} : { upper: at(step.upper) }),
          };
    const options = { ...(range === undefined ? {} : { range }), descending: step.descending };
    const every = this.#plan.schema.columns.map((_, position) => position);
    const actual = [...snapshot.lookup({ table: TABLE, columns }, equals, every, options)];
    const expected = rows.lookup(columns, equals, range);
    expect(actual.map(show).sort()).toEqual(expected.map(show).sort());
    for (let position = 1; position < actual.length; position++) {
      const order = rows.compareRows(columns, actual[position - 1] as Row, actual[position] as Row);
      expect(step.descending ? -order : order).toBeLessThanOrEqual(0);
    }
    const last = every.slice(-1);
    const narrow = [...snapshot.lookup({ table: TABLE, columns }, equals, last, options)];
    expect(narrow).toStrictEqual(actual.map((row) => row.slice(-1)));
  }

  #compareAll(snapshot: Snapshot, rows: ModelTable): void {
    const every = this.#plan.schema.columns.map((_, position) => position);
    const actual = [...snapshot.scan(TABLE, every)];
    expect(actual.map(show).sort()).toEqual(rows.rows.map(show).sort());
    expect(snapshot.count(TABLE)).toBe(rows.rows.length);
  }

  #row(at: number): Row {
    return this.#plan.pool[at % this.#plan.pool.length] as Row;
  }
}

test("the store does what a list of rows does", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      plans,
      fc.array(steps, { maxLength: 30, size: "max" }),
      async (plan, script) => {
        const own = mkdtempSync(join(directory, "run-"));
        const run = new Run(await openStore({ directory: own }), own, plan);
        try {
          for (const step of script) await run.step(step);
          await run.finish();
        } finally {
          await run.store.close();
        }
      },
    ),
    { seed: 745885479, path: process.env["FPATH"] ?? "50", endOnFailure: true, numRuns: 151 },
  );
});
