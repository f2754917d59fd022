import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JWTPayload } from "jose";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { Identity } from "../identity-fixture.js";
import { startIdentity } from "../identity-fixture.js";

let identity: Identity;
let server: Server;
let token: (claims: JWTPayload) => Promise<string>;

const viewerOf = async (claims: JWTPayload) => identity.sessions.viewerOf(await token(claims));

describe("outside viewer", () => {
  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: "1" };
    server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    identity = await startIdentity({ jwks: { url, issuer: "https://id.example.test", audience: "desk" } });
    token = (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: "1" })
        .setIssuer("https://id.example.test")
        .setAudience("desk")
        .setExpirationTime("5m")
        .sign(privateKey);
  });

  afterAll(async () => {
    await identity.stop();
    await new Promise((resolve) => server.close(resolve));
  });

  it("ties an outside person to an account by a verified e-mail address, then knows them in one statement", async () => {
    const { id, email } = await identity.buildUser();
    const claims = { sub: "a", email: email.toUpperCase(), email_verified: true };
    const visits = await Promise.all(Array.from({ length: 5 }, () => viewerOf(claims)));
    expect(visits.map((viewer) => (viewer.kind === "user" ? viewer.id : null))).toEqual(Array(5).fill(id));
    identity.statements.length = 0;
    expect(await viewerOf({ sub: "a", email: "changed@example.test", email_verified: false })).toMatchObject({
      id,
    });
    expect(identity.statements).toHaveLength(1);
  });

  it("does not tie by an e-mail address that is not verified, unknown, broken, or tied already", async () => {
    const { email } = await identity.buildUser();
    expect(await viewerOf({ sub: "b", email, email_verified: false })).toBe(anonymous);
    expect(await viewerOf({ sub: "b", email })).toBe(anonymous);
    expect(await viewerOf({ sub: "b", email: "unknown@example.test", email_verified: true })).toBe(anonymous);
    expect(await viewerOf({ sub: "b", email: "\0@\0", email_verified: true })).toBe(anonymous);
    expect(await viewerOf({ sub: "b", email, email_verified: true })).toMatchObject({ email });
    expect(await viewerOf({ sub: "c", email, email_verified: true })).toBe(anonymous);
  });

  it.each(["deleted_at", "deactivated_at"])(
    "does not let a person come back through another account (%s)",
    async (column) => {
      const [gone, other] = [await identity.buildUser(), await identity.buildUser()];
      expect(await viewerOf({ sub: column, email: gone.email, email_verified: true })).toMatchObject({
        id: gone.id,
      });
      await identity.sql`update users set ${identity.sql(column)} = now() where id = ${gone.id}`;
      expect(await viewerOf({ sub: column, email: gone.email, email_verified: true })).toBe(anonymous);
      expect(await viewerOf({ sub: column, email: other.email, email_verified: true })).toBe(anonymous);
    },
  );
});
