import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { purgeEndedSessions } from "../../../../src/modules/identity/sessions/session.repository.js";
import { bootstrapAdmin } from "../../../../src/modules/identity/users/bootstrap-admin.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { Identity } from "../identity-fixture.js";
import { CHEAP, codeOf, PASSWORD, startIdentity } from "../identity-fixture.js";

const DAY = 24 * 60 * 60_000;
const ADDRESS = "192.0.2.1";

let now: Date;
let identity: Identity;

const signIn = (email: string, password = PASSWORD, address = ADDRESS) =>
  identity.sessions.signIn({ email, password }, { address });

const failureOf = (action: Promise<unknown>) =>
  action.then(
    () => null,
    ({ code, message, details }) => ({ code, message, details }),
  );

describe("session", () => {
  beforeAll(async () => {
    identity = await startIdentity({ clock: () => now, signInsPerMinute: 5 });
  });

  beforeEach(() => {
    now = new Date("2026-11-05T12:00:00Z");
  });

  afterAll(() => identity.stop());

  describe("signing in", () => {
    it("opens a session whose token makes a viewer with roles, in one statement", async () => {
      const company = await identity.buildCompany();
      const viewer = await identity.buildViewer([[company, "AGENT"]]);
      const { email } = viewer as { email: string };
      const session = await signIn(` ${email.toUpperCase()} `);
      expect(session.expiresAt).toEqual(new Date(now.getTime() + 15 * 60_000));
      identity.statements.length = 0;
      const asking = await identity.sessions.viewerOf(session.accessToken);
      expect(identity.statements).toHaveLength(1);
      expect(asking).toEqual({ ...viewer, sessionId: expect.any(String) });
      expect(asking).toMatchObject({ kind: "user", email, roles: new Map([[company.id, "AGENT"]]) });
      expect(session.viewer).toEqual(asking);
    });

    it("gives the very same answer for a wrong password, an unknown address, no password, and a deleted or deactivated person", async () => {
      const { email } = await identity.buildUser();
      const { email: outsider } = await identity.buildUser({ password: null });
      const deleted = await identity.buildUser();
      await identity.sql`update users set deleted_at = now() where id = ${deleted.id}`;
      const deactivated = await identity.buildUser();
      await identity.sql`update users set deactivated_at = now() where id = ${deactivated.id}`;
      const wrong = await failureOf(signIn(email, "wrong password"));
      expect(wrong).toMatchObject({ code: "UNAUTHENTICATED" });
      expect(await failureOf(signIn("nobody@example.test"))).toEqual(wrong);
      expect(await failureOf(signIn(outsider))).toEqual(wrong);
      expect(await failureOf(signIn(deleted.email))).toEqual(wrong);
      expect(await failureOf(signIn(deactivated.email))).toEqual(wrong);
    });

    it("is limited for one e-mail address from one network, right or wrong, known or not, and not from elsewhere", async () => {
      const { email } = await identity.buildUser();
      for (const address of [email, "nobody-limited@example.test"]) {
        for (let attempt = 0; attempt < 5; attempt++) await codeOf(signIn(address, "wrong", "198.51.100.1"));
        expect(await failureOf(signIn(address.toUpperCase(), PASSWORD, "198.51.100.1"))).toMatchObject({
          code: "RATE_LIMITED",
          details: { retryAfter: expect.any(Number) },
        });
      }
      expect(await codeOf(signIn(email, PASSWORD, "198.51.100.2"))).toBe("ok");
    });

    it("is limited for one e-mail address from everywhere, ten times as high", async () => {
      const attempts: string[] = [];
      for (let index = 0; index < 51; index++)
        attempts.push(await codeOf(signIn("guessed@example.test", "wrong", `192.0.2.${index}`)));
      expect(attempts.filter((code) => code === "RATE_LIMITED")).toHaveLength(1);
    });

    it("is not limited by whatever is chosen as an e-mail address elsewhere", async () => {
      const { email } = await identity.buildUser();
      for (const chosen of [`${email}:address:192.0.2.200`, `address:192.0.2.200 ${email}`])
        for (let attempt = 0; attempt < 6; attempt++) await codeOf(signIn(chosen, "wrong", "203.0.113.66"));
      expect(await codeOf(signIn(email, PASSWORD, "192.0.2.200"))).toBe("ok");
    });

    it("is not kept from its owner by guesses from any number of networks, where they have signed in before", async () => {
      const { email } = await identity.buildUser();
      expect(await codeOf(signIn(email, PASSWORD, "2001:db8:99:1::1"))).toBe("ok");
      for (let index = 0; index < 55; index++) await codeOf(signIn(email, "wrong", `198.18.0.${index}`));
      expect(await codeOf(signIn(email, PASSWORD, "198.18.1.1"))).toBe("RATE_LIMITED");
      expect(await codeOf(signIn(email, PASSWORD, "2001:db8:99:1::2"))).toBe("ok");
      // There, too, guesses are limited.
      for (let attempt = 0; attempt < 5; attempt++) await codeOf(signIn(email, "wrong", "2001:db8:99:1::3"));
      expect(await codeOf(signIn(email, PASSWORD, "2001:db8:99:1::2"))).toBe("RATE_LIMITED");
    });

    it("is renewed so often in a minute from one network address, whoever asks", async () => {
      const { email } = await identity.buildUser();
      const { refreshToken } = await signIn(email);
      const refresh = (token: string, address: string) =>
        identity.sessions.refreshSession(token, { address });
      for (let attempt = 0; attempt < 50; attempt++)
        expect(await codeOf(refresh("nobody's", "203.0.113.9"))).toBe("UNAUTHENTICATED");
      expect(await codeOf(refresh(refreshToken, "203.0.113.9"))).toBe("RATE_LIMITED");
      expect(await codeOf(refresh(refreshToken, "203.0.113.10"))).toBe("ok");
    });

    it("is limited for one network address, ten times as high", async () => {
      const attempts: string[] = [];
      for (let index = 0; index < 51; index++)
        attempts.push(await codeOf(signIn(`nobody${index}@example.test`, "wrong", "203.0.113.7")));
      expect(attempts.filter((code) => code === "RATE_LIMITED")).toHaveLength(1);
    });

    it("is limited for a whole /64 of IPv6, which then has no more e-mail addresses counted", async () => {
      const attempts: string[] = [];
      // One after the other: at once, most would be refused by the queue of passwords already.
      for (let index = 0; index < 60; index++) {
        const address = `2001:db8:7:8:${index}::${index}`;
        attempts.push(await codeOf(signIn(`invented${index}@example.test`, "wrong", address)));
      }
      expect(attempts.filter((code) => code === "RATE_LIMITED")).toHaveLength(10);
      const keys = await identity.sql`
      select key from rate_limits where key like '%2001:db8:7:8%' or key like '%:invented%'`;
      expect(keys).toHaveLength(101);
      expect(await codeOf(signIn("other@example.test", "wrong", "2001:db8:7:9::1"))).toBe("UNAUTHENTICATED");
    });
  });

  describe("a session", () => {
    const start = async () => signIn((await identity.buildUser()).email);
    const refresh = (token: string) => identity.sessions.refreshSession(token, { address: ADDRESS });

    it("is refreshed with a new pair, the old access token staying good until it ends", async () => {
      const first = await start();
      const second = await identity.sessions.refreshSession(first.refreshToken, { address: ADDRESS });
      expect(second.refreshToken).not.toBe(first.refreshToken);
      expect(await identity.sessions.viewerOf(second.accessToken)).toEqual(first.viewer);
      expect(await identity.sessions.viewerOf(first.accessToken)).toEqual(first.viewer);
    });

    it("ends whole when a refresh token comes back 10 seconds after its use, and only that session", async () => {
      const { email } = await identity.buildUser();
      const other = await signIn(email);
      const first = await signIn(email);
      const second = await identity.sessions.refreshSession(first.refreshToken, { address: ADDRESS });
      now = new Date(now.getTime() + 10_001);
      expect(await codeOf(refresh(first.refreshToken))).toBe("UNAUTHENTICATED");
      expect(await codeOf(refresh(second.refreshToken))).toBe("UNAUTHENTICATED");
      expect(await identity.sessions.viewerOf(second.accessToken)).toBe(anonymous);
      expect(await codeOf(refresh(other.refreshToken))).toBe("ok");
      const audit =
        await identity.sql`select action from audit_log where subject_type = 'session' and actor_id = ${first.viewer.id} and action <> 'session.opened'`;
      expect([...audit]).toEqual([{ action: "session.revoked" }]);
    });

    it("lasts 30 days from its last refresh", async () => {
      const first = await start();
      now = new Date(now.getTime() + 29 * DAY);
      const second = await identity.sessions.refreshSession(first.refreshToken, { address: ADDRESS });
      now = new Date(now.getTime() + 29 * DAY);
      const third = await identity.sessions.refreshSession(second.refreshToken, { address: ADDRESS });
      now = new Date(now.getTime() + 30 * DAY);
      expect(await codeOf(identity.sessions.refreshSession(third.refreshToken, { address: ADDRESS }))).toBe(
        "UNAUTHENTICATED",
      );
    });

    it.each([
      "",
      "x",
      "x.y",
      ".",
      "0199aaaa-0000-7000-8000-000000000001.",
      "0199aaaa-0000-7000-8000-000000000001.a.b",
      "0199aaaa-0000-7000-8000-000000000001.\0",
    ])("is not refreshed with %j", async (junk) =>
      expect(await codeOf(identity.sessions.refreshSession(junk, { address: ADDRESS }))).toBe(
        "UNAUTHENTICATED",
      ),
    );

    it("ends at once when its person signs out, by either token", async () => {
      const [one, two] = [await start(), await start()];
      expect(await identity.sessions.signOut(one.viewer)).toBe(true);
      expect(await identity.sessions.viewerOf(one.accessToken)).toBe(anonymous);
      expect(await codeOf(identity.sessions.refreshSession(one.refreshToken, { address: ADDRESS }))).toBe(
        "UNAUTHENTICATED",
      );
      expect(await identity.sessions.signOut(one.viewer)).toBe(false);
      expect(await identity.sessions.signOut(anonymous, two.refreshToken)).toBe(true);
      expect(await identity.sessions.viewerOf(two.accessToken)).toBe(anonymous);
      expect(await identity.sessions.signOut(anonymous)).toBe(false);
    });

    it.each(["deleted_at", "deactivated_at"])(
      "ends with its person, and a signed URL's viewer as well (%s)",
      async (column) => {
        const session = await start();
        expect(await identity.sessions.viewerById(session.viewer.id)).toMatchObject({
          id: session.viewer.id,
        });
        await identity.sql`update users set ${identity.sql(column)} = now() where id = ${session.viewer.id}`;
        expect(await identity.sessions.viewerOf(session.accessToken)).toBe(anonymous);
        expect(await identity.sessions.reload([session.viewer])).toEqual([anonymous]);
        expect(await identity.sessions.viewerById(session.viewer.id)).toBe(anonymous);
        expect(await identity.sessions.viewerById("not an id")).toBe(anonymous);
        expect(
          await codeOf(identity.sessions.refreshSession(session.refreshToken, { address: ADDRESS })),
        ).toBe("UNAUTHENTICATED");
      },
    );

    it("keeps no token in the database, and leaves no row long after its end", async () => {
      const { refreshToken } = await start();
      const [id] = refreshToken.split(".");
      const rows = () => identity.sql`select * from sessions where id = ${id!}`;
      const next = await refresh(refreshToken);
      const stored = JSON.stringify(await rows());
      for (const token of [refreshToken, next.refreshToken])
        expect(stored).not.toContain(token.split(".")[1]);
      await purgeEndedSessions(identity.db, new Date(now.getTime() + 30 * DAY));
      expect(await rows()).toHaveLength(1);
      await purgeEndedSessions(identity.db, new Date(now.getTime() + 32 * DAY));
      expect(await rows()).toHaveLength(0);
    });
  });

  describe("the first administrator", () => {
    it("is created once, however many servers start at once", async () => {
      const admin = { email: "Root@Example.test", password: "a long password", passwordCost: CHEAP };
      const created = await Promise.all(Array.from({ length: 5 }, () => bootstrapAdmin(identity.db, admin)));
      expect(created.filter(Boolean)).toHaveLength(1);
      expect(await bootstrapAdmin(identity.db, { ...admin, password: "another password" })).toBe(false);
      expect((await signIn("root@example.test", "a long password")).viewer.isAdmin).toBe(true);
    });

    it("does not make an administrator of who exists, nor with a short password", async () => {
      const { email, id } = await identity.buildUser();
      expect(
        await bootstrapAdmin(identity.db, { email, password: "a long password", passwordCost: CHEAP }),
      ).toBe(false);
      expect(await identity.sessions.viewerById(id)).toMatchObject({ isAdmin: false });
      expect(await codeOf(bootstrapAdmin(identity.db, { email: "x@example.test", password: "short" }))).toBe(
        "BAD_USER_INPUT",
      );
    });
  });
});
