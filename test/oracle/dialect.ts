import type { Random } from "./random.ts";
import type { Scalar, ParamList, Visible } from "./query-parts.ts";
import type { Query } from "./query.ts";
import type { Schema, Table, TableColumn } from "./schema.ts";
import type { Way } from "./script.ts";

/** What a generated column may be and which values it takes: small domains, so that joins match. */
export interface ColumnType {
  readonly sql: string;
  /** Text forms, the common ones first (choices are skewed), extremes last. */
  readonly values: readonly string[];
  /** How a literal is written; the values of "hex" are hexadecimal digits. */
  readonly literal: "bare" | "quoted" | "hex";
  readonly hashable: boolean;
  readonly orderable: boolean;
  readonly minmax: boolean;
  readonly summable: boolean;
  /** Equal values with several texts: which of them a group shows is the server's choice. */
  readonly loose: "numeric" | "float" | "interval" | "bpchar" | "collation" | null;
  readonly family:
    "integer" | "numeric" | "float" | "text" | "bool" | "date" | "timestamp" | "other";
}

/** A column as the protocol describes it; compared field by field. */
export type WireColumn = Readonly<Record<string, string | number>>;

/** One statement's reply. Values are the bytes as sent, as latin1 text; null is NULL. */
export interface WireResult {
  readonly columns: readonly WireColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tag: string;
  /** SQLSTATE or error number, and message when the statement failed. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface WireStatement {
  readonly text: string;
  readonly params: readonly (string | null)[];
  /** `sql` of each parameter's `ColumnType`, or `COUNT`; all texts when left out. */
  readonly types?: readonly string[];
  readonly binary?: boolean;
  /** A name keeps the statement prepared on this connection. */
  readonly name?: string;
}

/** The type of a parameter of LIMIT and OFFSET. */
export const COUNT = "count";

/** The protocol with nothing between the test and the bytes. */
export interface OracleClient {
  /** A text; one result per statement in it. `copy` is what the statement reads from the client. */
  simple(text: string, copy?: string | null): Promise<WireResult[]>;
  /** One statement by its text; throws what the server reports. */
  run(text: string, copy?: string | null): Promise<WireResult>;
  execute(statement: WireStatement): Promise<WireResult>;
  /** What the server says of a statement's columns before it runs, where that may differ. */
  describe(text: string): Promise<readonly WireColumn[] | null>;
  /** Statements in one exchange, as far as the protocol has that. */
  batch(statements: readonly WireStatement[]): Promise<WireResult[]>;
  close(): Promise<void>;
}

export type SessionSettings = Readonly<Record<string, string>>;

/** A real server, started before and shared by all scripts. */
export interface OracleServer {
  /** Of the database of that name; of one that always exists when left out. */
  url(database?: string): string;
  stop(): Promise<void>;
}

export interface WriteStatement {
  readonly text: string;
  readonly copy?: string;
}

/** What statements that change tables are made from. */
export interface WriteMaker {
  readonly random: Random;
  table(): Table;
  change(): string;
  changes(least: number, most: number): readonly string[];
  insert(table: Table, rows: number, ignoring?: boolean): string;
  value(column: TableColumn): string;
  predicate(table: Table): string;
  /** The first of so many ids that no other statement makes. */
  freshIds(count: number): number;
}

type Weighted<T> = readonly (readonly [weight: number, make: T])[];

/** Statements that change tables, as far as they are not the same everywhere. */
export interface WriteDialect {
  insert(table: Table, names: string, values: string, ignoring: boolean): string;
  /** Single statements beyond INSERT, UPDATE and DELETE. */
  readonly changes: Weighted<(maker: WriteMaker, table: Table) => string>;
  /** Transactions beyond plain ones, those with savepoints, and rollbacks. */
  readonly transactions: Weighted<(maker: WriteMaker) => readonly WriteStatement[]>;
  /** Changes a table's definition in a way that leaves most queries valid. */
  definitionChange(maker: WriteMaker, extraColumn: string): readonly string[];
  /** Now and then, a value too long to be stored beside the others; null for most types. */
  largeValue(type: ColumnType): ((seed: number) => string) | null;
}

/** All that the oracle must know of one kind of server. */
export interface OracleDialect {
  /** Also the folder of its saved cases. */
  readonly name: string;
  readonly columnTypes: readonly ColumnType[];
  /** Types of values that are in no column: a LIMIT, a count, a sum of `ref`. */
  readonly intType: ColumnType;
  readonly countType: ColumnType;
  readonly sumType: ColumnType;
  readonly idTypes: readonly string[];
  /** Types of a key's second column. */
  readonly partTypes: readonly string[];
  /** Of every table's column `tag`. */
  tagType(random: Random): string;
  readonly nullOrders: readonly string[];
  readonly rankOfAll: string;
  /** Ways of sending a query beyond the plain ones. */
  ways(query: Query): readonly Way[];
  readonly readersSettings: readonly SessionSettings[];
  readonly writerSettings: SessionSettings;

  literal(value: string | null, type: ColumnType): string;
  /** The text of an array parameter's value. */
  quote(value: string): string;
  /** `number` counts from 1; where placeholders have none, a value is given at every use. */
  placeholder(number: number): string;
  readonly numbersPlaceholders: boolean;
  /** The same statement, written otherwise. */
  respelled(text: string): string;

  tableStatements(schema: Pick<Schema, "tables">, random: Random): readonly string[];
  scalar(random: Random, scope: readonly Visible[]): Scalar;
  paramCondition(random: Random, scope: readonly Visible[], params: ParamList): string;
  fixedCondition(random: Random, scope: readonly Visible[]): string;
  aggregateCall(random: Random, scope: readonly Visible[]): Scalar;
  readonly writes: WriteDialect;

  connect(url: string, settings?: SessionSettings): Promise<OracleClient>;
  createDatabase(server: OracleServer, name: string): Promise<void>;
  dropDatabase(server: OracleServer, name: string): Promise<void>;
  /** One text for values that are equal; for the rows of loose queries. */
  loosened(value: string): string;
  /** CREATE CACHE says no, as it may. */
  isRefusal(error: { readonly code: string }): boolean;
  /** CREATE CACHE may be tried again. */
  isPassing(error: { readonly code: string }): boolean;
  /** A kept statement that a changed definition broke, once. */
  isStalePlan(error: { readonly code: string; readonly message: string }): boolean;

  /** Several statements in one exchange are answered as of one commit. */
  readonly batchesAreOneCommit: boolean;
  /** Within a transaction: takes the row out of `savings` and puts it back. */
  replacedSavings(id: number): readonly string[];
}
