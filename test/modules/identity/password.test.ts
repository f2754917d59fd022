import { describe, expect, it } from "@jest/globals";
import { parseOptions } from "@node-rs/argon2";
import { hashPassword, verifyPassword } from "../../../src/modules/identity/password.js";

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function medianTime(action: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await action();
    times.push(performance.now() - start);
  }
  return median(times);
}

describe("a password", () => {
  it("is hashed with argon2id at OWASP's cost, each time with another salt", async () => {
    const first = await hashPassword("correct horse");
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hashPassword("correct horse")).not.toBe(first);
    expect(parseOptions(first)).toMatchObject({ saltLen: 16, outputLen: 32 });
  });

  it("is recognised, and no other one is", async () => {
    const hash = await hashPassword("correct horse");
    expect(await verifyPassword(hash, "correct horse")).toBe(true);
    expect(await verifyPassword(hash, "Correct horse")).toBe(false);
    expect(await verifyPassword(null, "correct horse")).toBe(false);
    expect(await verifyPassword(null, "")).toBe(false);
  });

  it("takes as long to be refused for nobody as for somebody", async () => {
    const hash = await hashPassword("correct horse");
    await verifyPassword(hash, "warm up");
    const somebody = await medianTime(() => verifyPassword(hash, "wrong"));
    const nobody = await medianTime(() => verifyPassword(null, "wrong"));
    expect(nobody / somebody).toBeGreaterThan(0.5);
    expect(nobody / somebody).toBeLessThan(2);
  });
});
