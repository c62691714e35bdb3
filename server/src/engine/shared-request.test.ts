import { expect, test } from "vitest";
import { SharedRequest } from "./shared-request.ts";

function held() {
  const begun: PromiseWithResolvers<number>[] = [];
  const shared = new SharedRequest(() => {
    const request = Promise.withResolvers<number>();
    begun.push(request);
    return request.promise;
  });
  return { begun, shared };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("who asks while one runs shares the next with the others", async () => {
  const { begun, shared } = held();
  const first = shared.next();
  const [second, third] = [shared.next(), shared.next()];
  expect(begun).toHaveLength(1);
  begun[0]!.resolve(1);
  expect(await first).toBe(1);
  await turn();
  expect(begun).toHaveLength(2);
  const fourth = shared.next();
  begun[1]!.resolve(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await turn();
  expect(begun).toHaveLength(3);
  begun[2]!.resolve(3);
  expect(await fourth).toBe(3);
  await turn();
  void shared.next();
  expect(begun).toHaveLength(4);
});

test("a failure is told to those who shared it only", async () => {
  const { begun, shared } = held();
  const first = shared.next();
  const second = shared.next();
  begun[0]!.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await turn();
  begun[1]!.resolve(2);
  expect(await second).toBe(2);
});
