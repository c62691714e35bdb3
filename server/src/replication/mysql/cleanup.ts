/** Nothing of this deployment is left on the server. */
export function cleanUp(): Promise<readonly string[]> {
  return Promise.resolve([
    "There is nothing to remove: the binary log is read as it is, and the server forgets a reader when it disconnects.",
  ]);
}
