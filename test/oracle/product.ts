import { startFreshet } from "../support/freshet.ts";

export interface ProductOptions {
  readonly upstreamUrl: string;
  readonly storageDir: string;
  readonly deployment: string;
  readonly memoryLimitBytes: number;
}

/** The product in front of one database, however it is put together. */
export interface Product {
  /** Where clients connect: any of them must answer like the others. */
  readonly urls: readonly string[];
  stop(options?: { readonly keepStorage?: boolean }): Promise<void>;
  /** How it is, for a failure's message. */
  diagnosis(): string;
}

export type StartProduct = (options: ProductOptions) => Promise<Product>;

/** All of it in this thread. */
export const inProcess: StartProduct = async (options) => {
  const freshet = await startFreshet(options);
  return {
    urls: [freshet.url()],
    stop: (how) => freshet.stop(how),
    diagnosis: () => `engine: ${JSON.stringify(freshet.engine.status())}`,
  };
};
