import { expect, it } from "@jest/globals";
import { fairTurns } from "../../src/kernel/fair-turns.js";

it("lets those who wait take turns, whoever came with more", async () => {
  const inTurn = fairTurns({ total: 2, perKey: 2 });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (key: string) =>
    inTurn(key, async () => {
      begun.push(key);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (begun.length === 3) throw new Error("no");
    });
  const settled = Promise.allSettled([..."AAAAAA", ..."BB", "C"].map(work));
  for (let done = 0; done < 9; done++) {
    await new Promise(setImmediate);
    expect(begun).toHaveLength(Math.min(9, done + 2));
    ends[done]?.();
  }
  await settled;
  expect(begun.slice(0, 7).join("")).toMatch(/^AA(?=.*B.*B)(?=.*C)/);
});

it("keeps a slot free of somebody who has their part, so that nobody else waits", async () => {
  const inTurn = fairTurns({ total: 2, perKey: 1 });
  const never = () => new Promise<never>(() => {});
  for (let times = 0; times < 10; times++) void inTurn("A", never);
  expect(await inTurn("B", async () => "at once")).toBe("at once");
  expect(await inTurn("B", async () => "and again")).toBe("and again");
});
