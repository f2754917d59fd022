import { expect, it } from "@jest/globals";
import { atMost } from "../../src/kernel/at-most.js";

it("lets no more run at once than it was told, in their order, and goes on after a failure", async () => {
  const inTurn = atMost(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const works = Array.from({ length: 5 }, (_, nth) =>
    inTurn(async () => {
      begun.push(nth);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (nth === 0) throw new Error("no");
      return nth;
    }),
  );
  const settled = Promise.allSettled(works);
  for (let done = 0; done < 5; done++) {
    await new Promise(setImmediate);
    expect(begun).toHaveLength(Math.min(5, done + 2));
    ends[done]?.();
  }
  expect((await settled).map(({ status }) => status)).toEqual(["rejected", ...Array(4).fill("fulfilled")]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
