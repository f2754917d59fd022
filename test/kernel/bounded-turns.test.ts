import { expect, it } from "@jest/globals";
import { boundedTurns } from "../../src/kernel/bounded-turns.js";

const never = () => new Promise<never>(() => {});
const refusal = () => new Error("too many wait");

it("refuses who would wait behind too many, of their own or of all, before the work begins", async () => {
  const inTurn = boundedTurns({
    running: { total: 1, perKey: 1 },
    waiting: { total: 3, perKey: 2 },
    refusal,
  });
  let begun = 0;
  const ask = (key: string) =>
    inTurn(key, () => {
      begun++;
      return never();
    });
  for (let times = 0; times < 3; times++) void ask("A");
  await expect(ask("A")).rejects.toThrow("too many wait");
  void ask("B");
  await expect(ask("C")).rejects.toThrow("too many wait");
  expect(begun).toBe(1);
});

it("makes room as those who waited begin, also after work that failed", async () => {
  const inTurn = boundedTurns({
    running: { total: 1, perKey: 1 },
    waiting: { total: 1, perKey: 1 },
    refusal,
  });
  const fail = async () => {
    throw new Error("work");
  };
  for (let round = 0; round < 5; round++) {
    const settled = await Promise.allSettled(["A", "A", "B"].map((key) => inTurn(key, fail)));
    expect(settled.map((one) => (one as PromiseRejectedResult).reason.message)).toEqual([
      "work",
      "work",
      "too many wait",
    ]);
  }
});
