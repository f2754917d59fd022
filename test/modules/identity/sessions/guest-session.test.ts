import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SignJWT } from "jose";
import {
  createGuestTokenIssuer,
  createTokenIssuer,
  createTokenVerifier,
} from "../../../../src/modules/identity/sessions/access-token.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { GuestRows } from "../../../support/guest-world.js";
import { guestRows } from "../../../support/guest-world.js";
import type { Identity } from "../identity-fixture.js";
import { SECRET, startIdentity } from "../identity-fixture.js";

const MINUTE_MS = 60_000;
let now = new Date();
const clock = () => now;
let identity: Identity;
let rows: GuestRows;
let companyId: string;
let conversationId: string;

const later = (minutes: number) => new Date(now.getTime() + minutes * MINUTE_MS);
const newGuest = () => rows.guest(conversationId, { expiresAt: later(600) });
const tokenOf = async (guest: { id: string; expiresAt: Date }) =>
  (await identity.sessions.issueGuestToken(guest)).accessToken;

describe("guest session", () => {
  beforeAll(async () => {
    identity = await startIdentity({ clock });
    rows = guestRows(identity.sql);
    companyId = (await identity.buildCompany()).id;
    conversationId = await rows.conversation(companyId, (await identity.buildUser()).id);
  });

  afterAll(() => identity.stop());

  describe("a guest's access token", () => {
    it("names the guest, who is read anew for each request", async () => {
      const guest = await newGuest();
      expect(await identity.sessions.viewerOf(await tokenOf(guest))).toEqual({
        kind: "guest",
        id: guest.id,
        name: "Room 204",
        companyId,
        conversationId,
      });
    });

    it("lasts as long as is set, but no longer than the invitation", async () => {
      const issue = createGuestTokenIssuer({ secret: SECRET, clock, lifetimeMs: 60 * MINUTE_MS });
      const seconds = (date: Date) => Math.floor(date.getTime() / 1_000);
      const id = "0199aaaa-0000-7000-8000-000000000001";
      expect(seconds((await issue({ id, expiresAt: later(61) })).expiresAt)).toBe(seconds(later(60)));
      const short = await issue({ id, expiresAt: later(59) });
      expect(seconds(short.expiresAt)).toBe(seconds(later(59)));
      const verifyAt = (minutes: number) =>
        createTokenVerifier({ secret: SECRET, clock: () => later(minutes) })(short.accessToken);
      expect(await verifyAt(58)).toEqual({ guestId: id });
      expect(await verifyAt(59)).toBeNull();
    });

    it("is never taken for a person's, nor a person's for a guest's", async () => {
      const guest = await newGuest();
      const { id: userId } = await identity.buildUser();
      const verify = createTokenVerifier({ secret: SECRET, clock });
      expect(await verify(await tokenOf(guest))).toEqual({ guestId: guest.id });
      // Even where a guest and a person have one id.
      expect(await identity.sessions.viewerOf(await tokenOf({ ...guest, id: userId }))).toBe(anonymous);
      const issue = createTokenIssuer({ secret: SECRET, clock });
      const { accessToken } = await issue({ userId: guest.id, sessionId: guest.id });
      expect(await identity.sessions.viewerOf(accessToken)).toBe(anonymous);
    });

    it("is no token at all when it names a session as well, or two guests", async () => {
      const verify = createTokenVerifier({ secret: SECRET, clock });
      const { id } = await newGuest();
      const signed = (claims: object) =>
        new SignJWT({
          sub: id,
          iss: "filedesk",
          aud: "filedesk",
          exp: Math.floor(later(5).getTime() / 1_000),
          ...claims,
        })
          .setProtectedHeader({ alg: "HS256" })
          .sign(Buffer.from(SECRET));
      expect(await verify(await signed({ gid: id }))).toEqual({ guestId: id });
      for (const claims of [{ gid: id, sid: id }, { gid: companyId }, { gid: 7 }, {}])
        expect([claims, await verify(await signed(claims))]).toEqual([claims, null]);
    });

    it("is worth nothing once the guest is revoked, the invitation over, or the company deleted", async () => {
      const [revoked, other] = [await newGuest(), await newGuest()];
      const tokens = [await tokenOf(revoked), await tokenOf(other)];
      const kinds = async () => Promise.all(tokens.map(async (token) => (await viewerOf(token)).kind));
      const { viewerOf } = identity.sessions;
      await rows.revoke(revoked.id);
      expect(await kinds()).toEqual(["anonymous", "guest"]);
      await identity.sql`update companies set deleted_at = now() where id = ${companyId}`;
      expect(await kinds()).toEqual(["anonymous", "anonymous"]);
      await identity.sql`update companies set deleted_at = null where id = ${companyId}`;
      expect(await kinds()).toEqual(["anonymous", "guest"]);
      await identity.sql`update guests set expires_at = ${later(-1).toISOString()} where id = ${other.id}`;
      expect(await kinds()).toEqual(["anonymous", "anonymous"]);
    });
  });

  describe("whom a signed URL names", () => {
    it("is found among people and guests, and is anonymous once a guest is revoked", async () => {
      const guest = await newGuest();
      const { id } = await identity.buildUser();
      expect(await identity.sessions.viewerById(id)).toMatchObject({ kind: "user", id });
      expect(await identity.sessions.viewerById(guest.id)).toMatchObject({ kind: "guest", id: guest.id });
      await rows.revoke(guest.id);
      expect(await identity.sessions.viewerById(guest.id)).toBe(anonymous);
      expect(await identity.sessions.viewerById("nobody")).toBe(anonymous);
    });
  });

  describe("the GraphQL viewer", () => {
    const query = "{ viewer { user { id email } guest { id name displayName } memberships { role } } }";
    const me = async (viewer: Parameters<Identity["run"]>[1]) =>
      JSON.parse(JSON.stringify((await identity.run(query, viewer)).data))?.viewer;

    it("is a guest for a guest, and a person for a person", async () => {
      const guest = await newGuest();
      expect(await me(await identity.sessions.viewerById(guest.id))).toEqual({
        user: null,
        guest: { id: guest.id, name: "Room 204", displayName: "Room 204" },
        memberships: [],
      });
      const company = await identity.buildCompany();
      const person = await identity.buildViewer([[company, "AGENT"]]);
      expect(await me(person)).toMatchObject({
        user: { email: expect.stringContaining("@") },
        guest: null,
        memberships: [{ role: "AGENT" }],
      });
      now = new Date();
    });
  });
});
