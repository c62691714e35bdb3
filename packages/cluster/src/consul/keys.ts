import type { MemberKind } from "../contract.ts";

/** Where a deployment's things lie in Consul. */
export class Keys {
  readonly deployment: string;

  constructor(deployment: string) {
    this.deployment = deployment;
  }

  document(name: string): string {
    return `${this.#root}/documents/${name}`;
  }

  leader(region: string): string {
    return `${this.#root}/leaders/${region}`;
  }

  serverName(name: string): string {
    return `${this.#root}/servers/${name}`;
  }

  /** Name of the service; each member is an instance of it. */
  service(kind: MemberKind): string {
    return `freshet-${this.deployment}-${kind}`;
  }

  serviceId(kind: MemberKind, name: string): string {
    return `${this.service(kind)}-${name}`;
  }

  get #root(): string {
    return `freshet/${this.deployment}`;
  }
}
