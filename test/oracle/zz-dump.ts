import { generateScript } from "./script-generator.ts";
import { POSTGRES } from "./postgres/dialect.ts";
const out = [];
for (let seed = 1; seed <= 60; seed += 1)
  out.push(
    generateScript(POSTGRES, seed * 7919, { queries: 10, rounds: 5, transactions: 8, checks: 3 }),
  );
process.stdout.write(JSON.stringify(out));
