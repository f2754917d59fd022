import { describe, expect, it } from "@jest/globals";
import { Webhook } from "standardwebhooks";
import { TRIED_FOR_MS, waitAfter } from "../../../src/modules/webhooks/backoff.js";
import { createSecretSeal } from "../../../src/modules/webhooks/seal-secret.js";
import { keyOfSecret, makeSecret, signedHeaders } from "../../../src/modules/webhooks/sign.js";

const BODY = JSON.stringify({ type: "reply.added", data: { text: "Grüße" } });

describe("a signature of a webhook", () => {
  it("is that of the specification's own example", () => {
    const headers = signedHeaders("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {
      id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      sentAt: new Date(1_614_265_330_000),
      body: '{"test": 2432232314}',
    });
    expect(headers).toEqual({
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  it("is accepted by the library of the specification, and only for what was signed", () => {
    const secret = makeSecret();
    const headers = signedHeaders(secret, { id: "one", sentAt: new Date(), body: BODY });
    expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
    for (const [body, changed] of [
      [BODY.replace("added", "moved"), headers],
      [BODY, { ...headers, "webhook-id": "two" }],
      [BODY, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) + 1) }],
    ] as const)
      expect(() => new Webhook(secret).verify(body, changed)).toThrow("No matching signature");
    expect(() => new Webhook(makeSecret()).verify(BODY, headers)).toThrow("No matching signature");
  });

  it("takes secrets of 24 to 64 bytes in base64 alone", () => {
    const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;
    expect([23, 24, 64, 65].map((bytes) => keyOfSecret(secretOf(bytes))?.length ?? null)).toEqual([
      null,
      24,
      64,
      null,
    ]);
    const good = secretOf(32);
    for (const bad of ["", "whsec_", good.slice(6), `${good} `, good.replace("whsec_", "WHSEC_"), `${good}!`])
      expect(keyOfSecret(bad)).toBeNull();
    expect(keyOfSecret(makeSecret())).toHaveLength(32);
    expect(makeSecret()).not.toBe(makeSecret());
  });
});

describe("the secret of a webhook at rest", () => {
  const seal = createSecretSeal("a secret of the server, long enough");
  const secret = makeSecret();

  it("is read with the same AUTH_SECRET, for the same webhook, and not otherwise", () => {
    const sealed = seal.seal("one", secret);
    expect(seal.open("one", sealed)).toBe(secret);
    expect(seal.open("two", sealed)).toBeNull();
    expect(createSecretSeal("another secret of the server").open("one", sealed)).toBeNull();
    expect(seal.open("one", sealed.slice(0, -8))).toBeNull();
    expect(seal.open("one", "")).toBeNull();
  });

  it("does not show, not even that two are alike", () => {
    const sealed = seal.seal("one", secret);
    expect(Buffer.from(sealed, "base64").toString("latin1")).not.toContain(secret);
    expect(seal.seal("one", secret)).not.toBe(sealed);
  });
});

describe("the wait before the next attempt", () => {
  it("doubles from a second on, up to an hour", () => {
    const waits = [1, 2, 3, 4, 12, 13, 1_000].map((attempts) => waitAfter(attempts, 0.5) / 1_000);
    expect(waits).toEqual([1, 2, 4, 8, 2_048, 3_600, 3_600]);
  });

  it("differs by up to a fifth, so that retries do not come all at once", () => {
    expect([0, 1].map((random) => waitAfter(3, random))).toEqual([3_200, 4_800]);
    expect(new Set([1, 2, 3, 4].map(() => waitAfter(5))).size).toBeGreaterThan(1);
  });

  it("leaves more than seventy attempts to the three days", () => {
    let [passed, attempts] = [0, 0];
    while (passed < TRIED_FOR_MS) passed += waitAfter(++attempts, 1);
    expect(attempts).toBeGreaterThan(70);
  });
});
