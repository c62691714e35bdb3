import type { CachedRoute, Entry } from "@freshet/adapter-core";
import type { ControlError, ControlResult } from "@freshet/rpc";
import type { BindHeader } from "@freshet/pg-wire";
import type { ResultPlan } from "../rendering.ts";
import type { Statement } from "./statement.ts";

/** The messages of a batch that is still undecided, in order. */
export type BatchItem =
  | { readonly kind: "parse"; readonly statement: Statement }
  | {
      readonly kind: "describe-statement";
      readonly statement: Statement;
      /** Parsed in this batch. */
      readonly own: boolean;
      result: ControlOutcome;
    }
  | { readonly kind: "describe-portal"; readonly portal: Portal }
  | { readonly kind: "bind"; readonly portal: Portal }
  | { readonly kind: "execute"; readonly portal: Portal; readonly maxRows: number }
  | {
      readonly kind: "close-statement";
      readonly statement: Statement | null;
      readonly name: string;
    }
  | { readonly kind: "close-portal"; readonly name: string };

export type ControlOutcome = ControlResult | ControlError | null;

/** A portal bound in this batch; those that a cache answers do not outlive it. */
export class Portal {
  readonly name: string;
  readonly statement: Statement;
  /** The statement was parsed in this batch. */
  readonly own: boolean;
  readonly header: BindHeader;
  executions = 0;
  described = false;
  /** Once looked up: what to answer with. */
  route: CachedRoute | null = null;
  plan: ResultPlan | null = null;
  entry: Entry | null = null;
  /** The entry had to be filled first. */
  filled = false;
  /** The rendered rows with CommandComplete. */
  bytes: Buffer | null = null;
  /** Once run: the answer to a statement of our own. */
  result: ControlOutcome = null;

  constructor(name: string, statement: Statement, own: boolean, header: BindHeader) {
    this.name = name;
    this.statement = statement;
    this.own = own;
    this.header = header;
  }
}
