import { createHmac, createPublicKey } from "node:crypto";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JWTPayload } from "jose";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from "jose";
import type { TokenVerifier } from "../../../../src/modules/identity/sessions/access-token.js";
import {
  createTokenIssuer,
  createTokenVerifier,
} from "../../../../src/modules/identity/sessions/access-token.js";
import { SECRET } from "../identity-fixture.js";

const NOW = new Date("2026-11-05T12:00:00Z");
const clock = () => NOW;
const later = (minutes: number) => () => new Date(NOW.getTime() + minutes * 60_000);
const subject = {
  userId: "0199aaaa-0000-7000-8000-000000000001",
  sessionId: "0199aaaa-0000-7000-8000-000000000002",
};
const seconds = (minutes: number) => Math.floor(NOW.getTime() / 1000) + minutes * 60;
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token made by hand, signed with an HMAC or, without a key, not at all. */
function handmade(header: object, payload: object, key?: string | Buffer): string {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${key ? createHmac("sha256", key).update(signed).digest("base64url") : ""}`;
}

describe("our access token", () => {
  const verify = createTokenVerifier({ secret: SECRET, clock });
  const payload = {
    iss: "filedesk",
    aud: "filedesk",
    sub: subject.userId,
    sid: subject.sessionId,
    exp: seconds(5),
  };

  it("names person and session, and is good for 15 minutes", async () => {
    const { accessToken, expiresAt } = await createTokenIssuer({ secret: SECRET, clock })(subject);
    expect(await verify(accessToken)).toEqual(subject);
    expect(expiresAt).toEqual(later(15)());
    expect(await createTokenVerifier({ secret: SECRET, clock: later(14.9) })(accessToken)).toEqual(subject);
    expect(await createTokenVerifier({ secret: SECRET, clock: later(15) })(accessToken)).toBeNull();
  });

  it("is known by its signature, issuer, audience, person, session and end", async () => {
    const hs256 = { alg: "HS256" };
    expect(await verify(handmade(hs256, payload, SECRET))).toEqual(subject);
    for (const change of [
      { iss: "other" },
      { aud: "other" },
      { exp: seconds(-1) },
      { exp: undefined },
      { sub: undefined },
      { sid: undefined },
      { sid: 7 },
    ])
      expect([change, await verify(handmade(hs256, { ...payload, ...change }, SECRET))]).toEqual([
        change,
        null,
      ]);
    expect(await verify(handmade(hs256, payload, "another secret, at least 32 characters"))).toBeNull();
    expect(await verify(handmade({ alg: "HS512" }, payload, SECRET))).toBeNull();
    expect(await verify(handmade({ alg: "none" }, payload))).toBeNull();
  });

  it.each([
    "",
    ".",
    "..",
    "a.b.c",
    "null",
    "é.é.é",
    `${part({ alg: "HS256" })}.${part(null)}.`,
    "x".repeat(10_000),
  ])("is not %j", async (junk) => expect(await verify(junk)).toBeNull());
});

describe("a token of the outside identity provider", () => {
  const issuer = "https://id.example.test/";
  const audience = "desk";
  const claims = { sub: "outside|1", email: "Ann@Example.test", email_verified: true };
  let server: Server;
  let url: string;
  let requests = 0;
  let verify: TokenVerifier;
  let keys: Record<"RS256" | "ES256" | "EdDSA", Awaited<ReturnType<typeof generateKeyPair>>>;

  beforeAll(async () => {
    keys = {
      RS256: await generateKeyPair("RS256", { extractable: true }),
      ES256: await generateKeyPair("ES256", { extractable: true }),
      EdDSA: await generateKeyPair("EdDSA", { extractable: true }),
    };
    const published = await Promise.all(
      Object.entries(keys).map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })),
    );
    server = createServer((_request, response) => {
      requests++;
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: published }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
    verify = createTokenVerifier({ secret: SECRET, clock, jwks: { url, issuer, audience } });
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const token = (changes: JWTPayload = {}, alg: keyof typeof keys = "RS256", kid: string = alg) =>
    new SignJWT({ iss: issuer, aud: audience, exp: seconds(5), ...claims, ...changes })
      .setProtectedHeader({ alg, kid })
      .sign(keys[alg].privateKey);

  it("is good under each asymmetric algorithm, and the keys are fetched once", async () => {
    const ann = { externalSubject: "outside|1", email: "Ann@Example.test", emailVerified: true };
    for (const alg of ["RS256", "ES256", "EdDSA"] as const)
      expect(await verify(await token({}, alg))).toEqual(ann);
    expect(requests).toBe(1);
  });

  it("tells whether the provider verified the e-mail address", async () => {
    expect(await verify(await token({ email_verified: false }))).toMatchObject({ emailVerified: false });
    expect(await verify(await token({ email_verified: undefined }))).toMatchObject({ emailVerified: false });
    expect(await verify(await token({ email: undefined }))).toEqual({
      externalSubject: "outside|1",
      emailVerified: true,
    });
  });

  it("is not good for another audience or issuer, without a person or an end, and when it is over", async () => {
    for (const change of [
      { aud: "other" },
      { iss: "https://evil.test/" },
      { iss: "filedesk" },
      { sub: undefined },
      { exp: undefined },
      { exp: seconds(-1) },
    ])
      expect([change, await verify(await token(change as JWTPayload))]).toEqual([change, null]);
  });

  it("is not good when a public key was used as a shared secret, unsigned, or signed by a strange key", async () => {
    const payload = { iss: issuer, aud: audience, exp: seconds(5), ...claims };
    const pem = await exportSPKI(keys.RS256.publicKey);
    const der = createPublicKey(pem).export({ type: "spki", format: "der" });
    for (const key of [pem, der, SECRET])
      expect(await verify(handmade({ alg: "HS256", kid: "RS256" }, payload, key))).toBeNull();
    expect(await verify(handmade({ alg: "none" }, payload))).toBeNull();
    const stranger = await generateKeyPair("RS256");
    const forged = await new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", kid: "RS256" })
      .sign(stranger.privateKey);
    expect(await verify(forged)).toBeNull();
    expect(await verify(await token({}, "ES256", "RS256"))).toBeNull();
  });

  it("cannot speak for a session of ours, nor can our secret speak for the provider", async () => {
    const ours = {
      iss: "filedesk",
      aud: "filedesk",
      sub: subject.userId,
      sid: subject.sessionId,
      exp: seconds(5),
    };
    const asOurs = await new SignJWT(ours)
      .setProtectedHeader({ alg: "RS256", kid: "RS256" })
      .sign(keys.RS256.privateKey);
    expect(await verify(asOurs)).toBeNull();
    expect(await verify(handmade({ alg: "HS256" }, ours, SECRET))).toEqual(subject);
  });

  it("is not called bad when the key server cannot be reached", async () => {
    const unreachable = { url: "http://127.0.0.1:9/jwks.json", issuer, audience };
    const verifyBlind = createTokenVerifier({ secret: SECRET, clock, jwks: unreachable });
    await expect(verifyBlind(await token())).rejects.toThrow();
  });
});
