import { mkdir } from "node:fs/promises";
import { ConfigurationError } from "@freshet/util";

/** Makes the storage directory, for this account alone. Throws ConfigurationError. */
export async function prepareStorage(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
    throw new ConfigurationError(
      `--storage-dir ${directory} cannot be created (${code}): choose a directory this account may write to.`,
      { cause },
    );
  }
}
