import { expect, it } from "@jest/globals";
import { MINUTE_MS } from "../../../../src/kernel/clock.js";
import {
  createTokenIssuer,
  createTokenVerifier,
} from "../../../../src/modules/identity/sessions/access-token.js";

it("refuses a token that it has accepted before, from the moment of its expiry", async () => {
  let now = new Date("2026-01-01T12:00:00Z");
  const options = { secret: "a secret of at least thirty-two characters", clock: () => now };
  const subject = { userId: "user", sessionId: "session" };
  const { accessToken, expiresAt } = await createTokenIssuer(options)(subject);
  const verify = createTokenVerifier(options);

  expect(await verify(accessToken)).toEqual(subject);
  now = new Date(expiresAt.getTime() - MINUTE_MS);
  expect(await verify(accessToken)).toEqual(subject);
  now = expiresAt;
  expect(await verify(accessToken)).toBeNull();
});
