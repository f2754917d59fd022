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
  for (const key of ["A", "A", "B", "C"]) void ask(key);
  await expect(ask("D")).rejects.toThrow("too many wait");
  await expect(ask("A")).rejects.toThrow("too many wait");
  expect(begun).toBe(1);
});

it("gives a newcomer the place of the latest of whoever has most waiting", async () => {
  const inTurn = boundedTurns({
    running: { total: 1, perKey: 1 },
    waiting: { total: 6, perKey: 3 },
    refusal,
  });
  const begun: string[] = [];
  const ask = (name: string) =>
    inTurn(name.slice(0, 1), async () => {
      begun.push(name);
      await new Promise(setImmediate);
    }).catch(() => name);
  const all = ["A0", "A1", "A2", "A3", "B1", "B2", "B3", "C1", "D1", "E1", "B4"].map(ask);
  const refused = (await Promise.all(all)).filter((name) => name !== undefined);
  // B4 would wait as much as everybody else who waits.
  expect(refused).toEqual(["A2", "A3", "B3", "B4"]);
  expect(begun.sort()).toEqual(["A0", "A1", "B1", "B2", "C1", "D1", "E1"]);
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
