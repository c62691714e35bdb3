import type { OracleDialect } from "./dialect.ts";
import { mayBeLiteral, type Query } from "./query.ts";
import { generateQuery } from "./query-generator.ts";
import { Random } from "./random.ts";
import { columnType, generateSchema } from "./schema.ts";
import type { Read, Script, Step, Way } from "./script.ts";
import { WriteGenerator } from "./write-generator.ts";

/** Upstream connections that write. */
export const WRITERS = 3;
/** Reading sessions of the proxy, each with its own settings. */
export const SESSIONS = 3;

export interface ScriptSize {
  readonly queries: number;
  readonly rounds: number;
  readonly transactions: number;
  readonly checks: number;
}

/** One episode: everything in it follows from the seed. */
export function generateScript(dialect: OracleDialect, seed: number, size: ScriptSize): Script {
  const random = new Random(seed);
  const schema = generateSchema(dialect, random.fork());
  const queryRandom = random.fork();
  const queries = Array.from({ length: size.queries }, () =>
    generateQuery(dialect, queryRandom, schema),
  );
  const writes = new WriteGenerator(dialect, random.fork(), schema);
  const rows = writes.initialRows();
  const maker = new StepMaker(dialect, random.fork(), queries, writes, size);
  return {
    name: `seed-${seed}`,
    seed,
    found: "",
    schema: schema.statements,
    rows,
    queries,
    memoryLimitBytes: random.chance(0.25) ? 30_000 : 64 << 20,
    steps: maker.all(),
  };
}

class StepMaker {
  readonly #dialect: OracleDialect;
  readonly #random: Random;
  readonly #queries: readonly Query[];
  readonly #writes: WriteGenerator;
  readonly #size: ScriptSize;
  /** Values used before for each query, so that filled keys are read again. */
  readonly #known: (readonly (string | null)[])[][];

  constructor(
    dialect: OracleDialect,
    random: Random,
    queries: readonly Query[],
    writes: WriteGenerator,
    size: ScriptSize,
  ) {
    this.#dialect = dialect;
    this.#random = random;
    this.#queries = queries;
    this.#writes = writes;
    this.#size = size;
    this.#known = queries.map(() => []);
  }

  all(): readonly Step[] {
    const { rounds } = this.#size;
    const steps: Step[] = this.#queries.map((_, query) => this.#create(query));
    for (let round = 0; round < rounds; round += 1) {
      steps.push(...this.#touches(0.5), ...this.#burst(), ...this.#event(), { do: "settle" });
      steps.push(...this.#checks());
    }
    return steps;
  }

  #create(query: number, background = false): Step {
    const literals = mayBeLiteral(this.#queries[query]!) && this.#random.chance(0.5);
    return { do: "create", query, way: literals ? "literals" : "placeholders", background };
  }

  /** Transactions of several connections, their statements interleaved, reads in between. */
  #burst(): readonly Step[] {
    const random = this.#random;
    const queues: Step[][] = Array.from({ length: WRITERS }, () => []);
    for (let index = 0; index < this.#size.transactions; index += 1) {
      const on = random.below(WRITERS);
      queues[on]!.push(...this.#writes.transaction(on));
    }
    const steps: Step[] = [];
    let on = 0;
    while (queues.some((queue) => queue.length > 0)) {
      if (random.chance(0.3) || queues[on]!.length === 0) on = random.below(WRITERS);
      steps.push(...queues[on]!.splice(0, 1));
      if (random.chance(0.15)) steps.push({ do: "touch", ...this.#read() });
      if (random.chance(0.01)) steps.push(...this.#recreate());
    }
    return steps;
  }

  /** Half of the time all caches go, so that the tables are copied again meanwhile. */
  #recreate(): readonly Step[] {
    const all = this.#queries.map((_, query) => query);
    const chosen = this.#random.chance(0.5) ? all : [this.#random.pick(all)];
    return [
      ...chosen.map((query): Step => ({ do: "drop", query })),
      ...chosen.map((query) => this.#create(query, true)),
    ];
  }

  #event(): readonly Step[] {
    const random = this.#random;
    return random.weighted<() => readonly Step[]>([
      [10, () => []],
      [2, () => this.#writes.definitionChange(0)],
      [1, () => [{ do: "restart" }]],
      [2, () => this.#recreate()],
    ])();
  }

  #touches(share: number): readonly Step[] {
    const chosen = this.#queries.flatMap((_, query) =>
      this.#random.chance(share) ? [this.#read(query), this.#read(query)] : [],
    );
    return chosen.map((read): Step => ({ do: "touch", ...read }));
  }

  #checks(): readonly Step[] {
    return this.#queries.flatMap((_, query) =>
      Array.from({ length: this.#size.checks }, (): Step => ({
        do: "check",
        ...this.#read(query),
      })),
    );
  }

  #read(query = this.#random.below(this.#queries.length)): Read {
    const random = this.#random;
    const known = this.#known[query]!;
    const fresh = known.length < 2 || random.chance(0.2);
    const args = fresh ? this.#args(this.#queries[query]!) : random.pickSkewed(known);
    if (fresh) known.push(args);
    const ways: Way[] = ["prepared", "unnamed"];
    if (mayBeLiteral(this.#queries[query]!)) ways.push("literal");
    ways.push(...this.#dialect.ways(this.#queries[query]!));
    return { query, args, way: random.pick(ways), session: random.below(SESSIONS) };
  }

  #args(query: Query): readonly (string | null)[] {
    const random = this.#random;
    return query.params.map(({ type, use }) => {
      const { values } = columnType(this.#dialect, type);
      switch (use) {
        case "count":
          return String(random.pick([0, 1, 2, 3, 3, 5, 10]));
        case "array":
          return `{${random.sample(values, random.between(0, 3)).map(element).join(",")}}`;
        case "value":
          return random.chance(0.03) ? null : random.pickSkewed(values);
      }
    });
  }
}

function element(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
