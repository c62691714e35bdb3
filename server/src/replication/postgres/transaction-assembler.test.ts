import { expect, it } from "vitest";
import type { StreamHandler } from "../contract.ts";
import { setupNames } from "./names.ts";
import { positionOfLsn } from "./position.ts";
import { TrackedTables } from "./tracked-tables.ts";
import { TransactionAssembler } from "./transaction-assembler.ts";

it("passes on every sign of life, also of a database in which nothing happens", () => {
  const heard: string[] = [];
  const handler: StreamHandler = {
    transaction: () => true,
    progress: (position) => void heard.push(position),
    schemaChange: () => undefined,
    accessChange: () => undefined,
    onReady: () => undefined,
  };
  const assembler = new TransactionAssembler({
    tables: new TrackedTables(),
    handler,
    judge: {
      judge: () => Promise.resolve(),
      judgeUnknownRelation: () => Promise.resolve(),
      changed: () => undefined,
    },
    names: setupNames("test"),
    from: 0n,
    full: () => undefined,
  });
  for (const walEnd of [16n, 16n, 8n]) assembler.keepalive(walEnd);
  expect(heard).toEqual([16n, 16n, 16n].map(positionOfLsn));
});
