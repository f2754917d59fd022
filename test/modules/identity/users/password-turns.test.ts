import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import * as argon2 from "@node-rs/argon2";

/** Verifications under way, each ended by its function. */
const underWay = new Set<() => void>();
let mostAtOnce = 0;
jest.unstable_mockModule("@node-rs/argon2", () => ({
  ...argon2,
  verify: () =>
    new Promise<boolean>((resolve) => {
      const end = () => {
        underWay.delete(end);
        resolve(false);
      };
      underWay.add(end);
      mostAtOnce = Math.max(mostAtOnce, underWay.size);
    }),
}));
const { startIdentity } = await import("../identity-fixture.js");

let identity: Awaited<ReturnType<typeof startIdentity>>;

let people = 0;
/** Sign-ins of as many people, and their codes in the order in which they are answered. */
function signIns(addresses: readonly string[]) {
  const codes: string[] = [];
  const all = addresses.map((address) =>
    identity.sessions
      .signIn({ email: `nobody${++people}@example.test`, password: "wrong" }, { address })
      .catch(({ code, details }) => {
        codes.push(code);
        if (code === "RATE_LIMITED") expect(details.retryAfter).toBeGreaterThan(0);
      }),
  );
  return { codes, all: Promise.all(all) };
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise(setImmediate);
};

async function endAll(all: Promise<unknown>) {
  let done = false;
  void all.then(() => {
    done = true;
  });
  await until(() => {
    for (const end of underWay) end();
    return done;
  });
}

describe("password turns", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });

  afterAll(() => identity?.stop());

  it("verifies two passwords at once at most, and refuses more than may wait before it begins", async () => {
    const { codes, all } = signIns(Array.from({ length: 62 }, (_, index) => `198.51.100.${index}`));
    await until(() => codes.length === 10);
    expect(codes).toEqual(Array(10).fill("RATE_LIMITED"));
    expect(underWay.size).toBe(2);
    await endAll(all);
    expect(codes.slice(10)).toEqual(Array(52).fill("UNAUTHENTICATED"));
    expect(mostAtOnce).toBe(2);
  });

  it("lets somebody in who comes from elsewhere than all the others", async () => {
    const crowd = signIns(Array(20).fill("203.0.113.7"));
    await until(() => crowd.codes.length === 9);
    expect(underWay.size).toBe(1);
    const other = signIns(["203.0.113.8"]);
    await until(() => underWay.size === 2);
    await endAll(Promise.all([crowd.all, other.all]));
    expect(other.codes).toEqual(["UNAUTHENTICATED"]);
  });
});
