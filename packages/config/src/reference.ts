import { OPTION_GROUPS, optionCells } from "./help.ts";
import type { OptionGroup, OptionSpec } from "./option-spec.ts";
import { OPTIONS } from "./options.data.ts";
import type { Role } from "./parse-config.ts";

const SPECS: readonly OptionSpec[] = OPTIONS;
type Name = (typeof OPTIONS)[number]["name"];

const ALL: readonly Role[] = ["combined", "server", "adapter"];
/** What stands between clients and answers. */
const CLIENT_SIDE: readonly Role[] = ["combined", "adapter"];
/** What follows the database. */
const DATABASE_SIDE: readonly Role[] = ["combined", "server"];
/** What is joined by an authority. */
const SEPARATE: readonly Role[] = ["server", "adapter"];

const ROLES_OF_GROUP: Readonly<Record<OptionGroup, readonly Role[]>> = {
  Upstream: ALL,
  Listening: ALL,
  Security: CLIENT_SIDE,
  Caching: CLIENT_SIDE,
  Running: ALL,
  Cluster: SEPARATE,
  Backup: ["server"],
  Logging: ALL,
  Actions: ALL,
};

/** Options used by other roles than the rest of their group. */
const ROLES_OF_OPTION: Readonly<Partial<Record<Name, readonly Role[]>>> = {
  "disable-setup-ddl-replication": DATABASE_SIDE,
  "replication-tables": DATABASE_SIDE,
  "replication-tables-ignore": DATABASE_SIDE,
  address: CLIENT_SIDE,
  "memory-limit": ALL,
  "storage-dir": DATABASE_SIDE,
  "adapter-threads": CLIENT_SIDE,
  "fallback-region": ["adapter"],
  "rpc-address": ["server"],
  "abandoned-after": ["server"],
  mysql: ["combined"],
  verify: DATABASE_SIDE,
  cleanup: DATABASE_SIDE,
};

const INTRODUCTION = `# Configuration

<!-- Written by \`node packages/config/scripts/write-reference.ts\` from the option specification. -->

Every option is a flag and, but for actions, an environment variable; flags win over the environment, which wins
over the default. \`freshet\` is one process that does everything (combined mode); \`freshet server\` follows the
databases and \`freshet adapter\` serves clients. A role ignores options that only others use, unless its refusal
says otherwise.

Values: a **duration** is \`500ms\`, \`5s\`, \`2m\` or \`1h\` (a bare number is seconds); **bytes** are \`512MB\` or \`2GB\`
(powers of 1024; a bare number is bytes); an **address** is \`host:port\`, \`[::1]:port\`, \`:port\` (all interfaces) or \`port\`
(loopback); a **flag** is \`true\` or \`false\`. What may be repeated may also be one list, with commas between (URLs:
with spaces). A secret is never printed or logged; give it by environment variable, so that it does not stand in
the list of processes.
`;

/** The roles that use an option. */
export function rolesOf(spec: OptionSpec): readonly Role[] {
  return ROLES_OF_OPTION[spec.name as Name] ?? ROLES_OF_GROUP[spec.group];
}

/** The configuration reference, one table for each group of options. */
export function configurationMarkdown(): string {
  const parts = [INTRODUCTION];
  for (const group of OPTION_GROUPS) {
    const rows = SPECS.filter((spec) => spec.group === group).map((spec) => {
      const [flag = "", env = "", fallback = "", meaning = ""] = optionCells(spec);
      const secret = spec.secret === true ? " (secret)" : "";
      return `| ${flag} | ${env} | ${spec.type}${secret} | ${fallback} | ${rolesText(spec)} | ${meaning} |`;
    });
    const head = [
      "| Option | Environment | Value | Default | Used by | Meaning |",
      "| --- | --- | --- | --- | --- | --- |",
    ];
    parts.push(`## ${group}\n\n${[...head, ...rows].join("\n")}\n`);
  }
  return parts.join("\n");
}

function rolesText(spec: OptionSpec): string {
  const roles = rolesOf(spec);
  return roles.length === ALL.length ? "all" : roles.join(", ");
}
