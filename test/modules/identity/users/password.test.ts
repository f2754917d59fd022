import { describe, expect, it, jest } from "@jest/globals";
import * as argon2 from "@node-rs/argon2";

const { parseOptions } = argon2;

/** What the real `verify` was called with; each call does the work that its hash asks for. */
const verified: string[] = [];
jest.unstable_mockModule("@node-rs/argon2", () => ({
  ...argon2,
  verify(hash: string, password: string) {
    verified.push(hash);
    return argon2.verify(hash, password);
  },
}));
const { hashPassword, verifyPasswordFrom } = await import(
  "../../../../src/modules/identity/users/password.js"
);

const verifyPassword = (hash: string | null, password: string) => verifyPasswordFrom("::1", hash, password);

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

  it("costs as much work to be refused for nobody as for somebody", async () => {
    const hash = await hashPassword("correct horse");
    verified.length = 0;
    expect(await verifyPassword(hash, "wrong")).toBe(false);
    expect(await verifyPassword(null, "wrong")).toBe(false);
    const [somebodys, nobodys] = verified.map((one) => parseOptions(one));
    expect(verified).toHaveLength(2);
    expect(verified[0]).toBe(hash);
    expect(nobodys).toEqual(somebodys);
    expect(nobodys).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  });
});
