import { expect, it } from "@jest/globals";
import type { EndTurn } from "../../../../src/platform/graphql/documents/preparation-turns.js";
import { createPreparationTurns } from "../../../../src/platform/graphql/documents/preparation-turns.js";

/** Notes who has a turn, in order, and keeps what ends it. */
function watched() {
  const turns = createPreparationTurns();
  const begun: string[] = [];
  const ends: EndTurn[] = [];
  const ask = (key: string) =>
    turns.begin({ key, isAnonymous: key.startsWith("nobody") }).then((end) => {
      begun.push(key);
      ends.push(end);
    });
  return { ask, begun, ends };
}

const work = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

it("lets one prepare at a time, and those who wait by turns, however much one of them asks for", async () => {
  const { ask, begun, ends } = watched();
  const all = [ask("loud"), ask("loud"), ask("loud"), ask("loud"), ask("quiet"), ask("other")];
  for (let n = 0; n < all.length; n++) {
    while (begun.length <= n) await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toHaveLength(n + 1);
    ends[n]!();
  }
  await Promise.all(all);
  // The first has nobody to wait for; behind it, everybody who waits has one turn in each round.
  expect(begun).toEqual(["loud", "loud", "quiet", "other", "loud", "loud"]);
});

it("rests after a turn for as long as it took", async () => {
  const { ask, begun, ends } = watched();
  await ask("first");
  void ask("second");
  work(30);
  ends[0]!();
  const since = performance.now();
  while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve));
  // Timers may be early by a millisecond.
  expect(performance.now() - since).toBeGreaterThanOrEqual(28);
});

it("refuses who lets too many documents wait, and nobody else", async () => {
  const { ask } = watched();
  await ask("loud");
  const waiting = Array.from({ length: 101 }, () => ask("loud"));
  await expect(waiting.at(-1)).rejects.toMatchObject({ code: "RATE_LIMITED", details: { retryAfter: 1 } });
  await expect(Promise.race([ask("quiet"), Promise.resolve("waits")])).resolves.toBe("waits");
});

it("gives every second turn to callers with a sign-in, however many others wait", async () => {
  const { ask, begun, ends } = watched();
  const all = ["nobody 1", "nobody 2", "nobody 3", "nobody 4", "anna", "bert"].map(ask);
  for (let n = 0; n < all.length; n++) {
    while (begun.length <= n) await new Promise((resolve) => setImmediate(resolve));
    ends[n]!();
  }
  expect(begun).toEqual(["nobody 1", "anna", "nobody 2", "bert", "nobody 3", "nobody 4"]);
});

it("refuses whoever has most waiting, when too many wait, and neither newcomers nor those with a sign-in", async () => {
  const { ask } = watched();
  await ask("nobody 0");
  const waits = async (key: string) => Promise.race([ask(key), Promise.resolve("waits")]);
  const refused: unknown[] = [];
  for (let n = 0; n < 1_000; n++) ask(`nobody ${n % 10}`).catch((error: unknown) => refused.push(error));
  expect(await waits("nobody else")).toBe("waits");
  expect(await waits("anna")).toBe("waits");
  await new Promise((resolve) => setImmediate(resolve));
  expect(refused).toEqual([expect.objectContaining({ code: "RATE_LIMITED" })]);
});

it("ends a turn once, however often its end is called", async () => {
  const { ask, begun, ends } = watched();
  await ask("first");
  void ask("second");
  void ask("third");
  ends[0]!();
  ends[0]!();
  while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve));
  ends[0]!();
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(begun).toEqual(["first", "second"]);
});
