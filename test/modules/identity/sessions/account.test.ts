import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createOperatorAccountService } from "../../../../src/modules/identity/sessions/operator-account.service.js";
import { createScriptTokenService } from "../../../../src/modules/identity/sessions/script-token.service.js";
import type { UserViewer } from "../../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { Identity } from "../identity-fixture.js";
import { CHEAP, codeOf, idOf, PASSWORD, SECRET, startIdentity } from "../identity-fixture.js";

const HOUR = 3_600_000;
const NEW = "a wholly new password";
const BASE = "https://desk.example.test";

let now: Date;
let identity: Identity;

let lastAddress = 0;
const signIn = (email: string, password = PASSWORD) =>
  identity.sessions.signIn({ email, password }, { address: `198.51.100.${++lastAddress % 250}` });
const change = (viewer: UserViewer, newPassword: string, currentPassword = PASSWORD) =>
  identity.passwords.changePassword(viewer, { currentPassword, newPassword });
const reset = (token: string, newPassword = NEW, address = "203.0.113.1") =>
  identity.passwords.resetPassword({ token, newPassword }, { address });
const auditOf = async (id: string) => {
  const rows = await identity.sql`select action from audit_log where subject_id = ${id} order by id`;
  return rows.map(({ action }) => action);
};
const failureOf = (action: Promise<unknown>) =>
  action.then(
    () => null,
    ({ code, message }) => ({ code, message }),
  );

describe("account", () => {
  beforeAll(async () => {
    identity = await startIdentity({ clock: () => now, signInsPerMinute: 20 });
  });

  beforeEach(() => {
    now = new Date("2026-11-05T12:00:00Z");
  });

  afterAll(() => identity.stop());

  describe("changing one's password", () => {
    it("ends all sessions but the one that asks, and the link to a new one", async () => {
      const { email, id } = await identity.buildUser();
      const [asking, other] = [await signIn(email), await signIn(email)];
      const { token } = await identity.passwords.createPasswordReset(
        await identity.buildViewer([], true),
        id,
        BASE,
      );
      expect(await change(asking.viewer, NEW)).toMatchObject({ id });
      expect(await identity.sessions.viewerOf(asking.accessToken)).toEqual(asking.viewer);
      expect(await identity.sessions.viewerOf(other.accessToken)).toBe(anonymous);
      expect(
        await codeOf(identity.sessions.refreshSession(other.refreshToken, { address: "192.0.2.1" })),
      ).toBe("UNAUTHENTICATED");
      expect(
        await codeOf(identity.sessions.refreshSession(asking.refreshToken, { address: "192.0.2.1" })),
      ).toBe("ok");
      expect(await codeOf(signIn(email))).toBe("UNAUTHENTICATED");
      expect(await codeOf(signIn(email, NEW))).toBe("ok");
      expect(await codeOf(reset(token))).toBe("UNAUTHENTICATED");
      expect(await auditOf(id)).toContain("user.password-changed");
    });

    it("takes the right old one, and a new one that is one", async () => {
      const { email } = await identity.buildUser({ email: "somebody-long@example.test" });
      const { viewer } = await signIn(email);
      expect(await codeOf(change(viewer, NEW, "wrong"))).toBe("BAD_USER_INPUT");
      for (const bad of ["short", "x".repeat(1_025), PASSWORD, email.toUpperCase(), "somebody-long"])
        expect([bad, await codeOf(change(viewer, bad))]).toEqual([bad, "BAD_USER_INPUT"]);
      expect(await codeOf(signIn(email))).toBe("ok");
    });

    it("is nobody else's to do, and limited", async () => {
      const input = { currentPassword: PASSWORD, newPassword: NEW };
      expect(await codeOf(identity.passwords.changePassword(anonymous, input))).toBe("UNAUTHENTICATED");
      const { viewer } = await signIn((await identity.buildUser()).email);
      for (let attempt = 0; attempt < 20; attempt++) await codeOf(change(viewer, NEW, "wrong"));
      expect(await codeOf(change(viewer, NEW))).toBe("RATE_LIMITED");
    });

    it.each([
      ["another password is set", "password_hash = null"],
      ["they are locked out", "deactivated_at = now()"],
    ])("opens no session to who is signing in while %s", async (_what, change) => {
      const { email, id } = await identity.buildUser();
      let settled = false;
      const isWaiting = async () => {
        const waiting = await identity.sql`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
        return settled || waiting.length > 0;
      };
      const signingIn = await identity.sql.begin(async (tx) => {
        await tx.unsafe(`update users set ${change} where id = '${id}'`);
        const code = codeOf(signIn(email)).finally(() => {
          settled = true;
        });
        while (!(await isWaiting())) await new Promise((resolve) => setTimeout(resolve, 5));
        return { code };
      });
      expect(await signingIn.code).toBe("UNAUTHENTICATED");
      expect(await identity.sql`select from sessions where user_id = ${id}`).toHaveLength(0);
    });
  });

  describe("a link to a new password", () => {
    const give = async (id: string) =>
      identity.passwords.createPasswordReset(await identity.buildViewer([], true), id, BASE);

    it("sets it once, and ends all sessions", async () => {
      const { email, id } = await identity.buildUser();
      const session = await signIn(email);
      const { token, url, expiresAt } = await give(id);
      expect(url).toBe(`${BASE}/reset-password#${token}`);
      expect(expiresAt).toEqual(new Date(now.getTime() + 24 * HOUR));
      const stored = await identity.sql`select * from password_resets where user_id = ${id}`;
      expect(JSON.stringify(stored)).not.toContain(token);
      expect(await codeOf(reset(token, "short"))).toBe("BAD_USER_INPUT");
      expect(await reset(token)).toBe(true);
      expect(await identity.sessions.viewerOf(session.accessToken)).toBe(anonymous);
      expect(await codeOf(signIn(email, NEW))).toBe("ok");
      expect(await auditOf(id)).toEqual(["user.password-reset-created", "user.password-reset"]);
    });

    it("is told the same when it is unknown, used, over, replaced, or of somebody locked out", async () => {
      const unknown = await failureOf(reset("nobody's"));
      expect(unknown).toMatchObject({ code: "UNAUTHENTICATED" });
      const [used, over, replaced, locked] = await Promise.all(
        Array.from({ length: 4 }, async () => identity.buildUser()),
      );
      const links = { used: await give(used!.id), over: await give(over!.id) };
      await reset(links.used.token);
      expect(await failureOf(reset(links.used.token))).toEqual(unknown);
      const first = await give(replaced!.id);
      const second = await give(replaced!.id);
      expect(await failureOf(reset(first.token))).toEqual(unknown);
      expect(await failureOf(reset(second.token))).toBeNull();
      const ofLocked = await give(locked!.id);
      await identity.sql`update users set deactivated_at = now() where id = ${locked!.id}`;
      expect(await failureOf(reset(ofLocked.token))).toEqual(unknown);
      expect(await codeOf(give(locked!.id))).toBe("CONFLICT");
      now = new Date(now.getTime() + 24 * HOUR);
      expect(await failureOf(reset(links.over.token))).toEqual(unknown);
    });

    it("is good for one of many who use it at once", async () => {
      const { email, id } = await identity.buildUser();
      const { token } = await give(id);
      const passwords = Array.from({ length: 6 }, (_, index) => `${NEW} ${index}`);
      const codes = await Promise.all(passwords.map((password) => codeOf(reset(token, password))));
      expect(codes.filter((code) => code === "ok")).toHaveLength(1);
      const signedIn = await Promise.all(passwords.map((password) => codeOf(signIn(email, password))));
      expect(signedIn).toEqual(codes);
    });

    it("is limited for one network address", async () => {
      const tries = Array.from({ length: 201 }, () => codeOf(reset("nobody's", NEW, "203.0.113.77")));
      expect((await Promise.all(tries)).filter((code) => code === "RATE_LIMITED")).toHaveLength(1);
    });

    it("is an administrator's to give; others are told that nobody is there", async () => {
      const { id } = await identity.buildUser();
      const company = await identity.buildCompany();
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const nobody = "0199aaaa-0000-7000-8000-000000000001";
      const given = await failureOf(identity.passwords.createPasswordReset(manager, id, BASE));
      expect(given).toMatchObject({ code: "NOT_FOUND" });
      expect(await failureOf(identity.passwords.createPasswordReset(manager, nobody, BASE))).toEqual(given);
      expect(await codeOf(identity.passwords.createPasswordReset(manager, idOf(manager), BASE))).toBe(
        "FORBIDDEN",
      );
    });
  });

  describe("locking somebody out", () => {
    it("ends sessions, tokens of scripts and links, and gives none back on reactivation", async () => {
      const admin = await identity.buildViewer([], true);
      const { email, id } = await identity.buildUser();
      const session = await signIn(email);
      const scripts = createScriptTokenService({ db: identity.db, clock: () => now, secret: SECRET });
      const script = await scripts.issue(email, HOUR);
      const link = await identity.passwords.createPasswordReset(admin, id, BASE);
      const wrong = await failureOf(signIn(email, "wrong password"));
      await identity.userAccess.deactivateUser(admin, id);
      const allEnded = async () => {
        expect(await identity.sessions.viewerOf(session.accessToken)).toBe(anonymous);
        expect(await identity.sessions.viewerOf(script.accessToken)).toBe(anonymous);
        expect(
          await codeOf(identity.sessions.refreshSession(session.refreshToken, { address: "192.0.2.1" })),
        ).toBe("UNAUTHENTICATED");
        expect(await codeOf(reset(link.token))).toBe("UNAUTHENTICATED");
      };
      await allEnded();
      expect(await identity.sessions.viewerById(id)).toBe(anonymous);
      expect(await failureOf(signIn(email))).toEqual(wrong);
      expect(await codeOf(scripts.issue(email, HOUR))).toBe("BAD_USER_INPUT");
      await identity.userAccess.deactivateUser(admin, id);
      await identity.userAccess.reactivateUser(admin, id);
      await allEnded();
      expect(await codeOf(signIn(email))).toBe("ok");
      const actions = await auditOf(id);
      expect(actions.filter((action) => action === "user.deactivated")).toHaveLength(1);
      expect(actions).toContain("user.reactivated");
    });

    it("leaves one administrator, however they remove each other at once", async () => {
      await identity.sql`update users set is_admin = false`;
      const admins = await Promise.all(Array.from({ length: 4 }, () => identity.buildViewer([], true)));
      const removals = admins.map((admin, index) => {
        const id = idOf(admins[(index + 1) % admins.length]!);
        return index % 2 === 0
          ? codeOf(identity.userAccess.deactivateUser(admin, id))
          : codeOf(identity.users.editUser(admin, { id, isAdmin: false }));
      });
      const codes = await Promise.all(removals);
      expect(codes.filter((code) => code === "ok").length).toBeGreaterThan(0);
      const left = await identity.sql`select id from users where is_admin and deactivated_at is null`;
      expect(left.length).toBeGreaterThan(0);
      const last = await identity.sessions.viewerById(left[0]!.id);
      for (const { id } of left.slice(1)) await identity.userAccess.deactivateUser(last, id);
      expect(await codeOf(identity.userAccess.deactivateUser(last, idOf(last)))).toBe("CONFLICT");
      expect(await codeOf(identity.users.editUser(last, { id: idOf(last), isAdmin: false }))).toBe(
        "CONFLICT",
      );
    });
  });

  describe("accounts", () => {
    it("are listed by pages, found by name and address, and told to administrators alone", async () => {
      const admin = await identity.buildViewer([], true);
      const made = await Promise.all(
        Array.from({ length: 5 }, (_, index) => identity.buildUser({ email: `listed${index}@example.test` })),
      );
      await identity.userAccess.deactivateUser(admin, made[0]!.id);
      const ids: string[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof identity.users.browseUsers>> = await identity.users.browseUsers(
          admin,
          { search: " LISTED", first: 2, after },
        );
        ids.push(...page.nodes.map(({ id }) => id));
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null);
      expect(ids.sort()).toEqual(made.map(({ id }) => id).sort());
      const locked = await identity.users.browseUsers(admin, { search: "listed", isDeactivated: true });
      expect([locked.nodes.map(({ id }) => id), await locked.totalCount]).toEqual([[made[0]!.id], 1]);
      const company = await identity.buildCompany();
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      expect(await codeOf(identity.users.browseUsers(manager, {}))).toBe("FORBIDDEN");
      expect(await identity.users.readUser(manager, made[1]!.id)).toBeNull();
      expect(await identity.users.readUser(manager, idOf(manager))).toMatchObject({ id: idOf(manager) });
      expect(await identity.users.readUser(admin, "no id")).toBeNull();
    });

    it("are changed by administrators, and one's own name by everybody", async () => {
      const admin = await identity.buildViewer([], true);
      const viewer = await identity.buildViewer([]);
      const id = idOf(viewer);
      const { email: taken } = await identity.buildUser();
      const edit = (who: typeof viewer, input: object) => identity.users.editUser(who, { id, ...input });
      expect(await edit(viewer, { name: "New Name" })).toMatchObject({ name: "New Name" });
      for (const input of [{ isAdmin: true }, { email: "mine@example.test" }, { name: "X", isAdmin: false }])
        expect(await codeOf(edit(viewer, input))).toBe("FORBIDDEN");
      expect(await codeOf(edit(await identity.buildViewer([]), { name: "X" }))).toBe("NOT_FOUND");
      expect(await edit(admin, { email: "Other@Example.test", isAdmin: true })).toMatchObject({
        email: "other@example.test",
        name: "New Name",
        isAdmin: true,
      });
      expect(await codeOf(edit(admin, { email: taken }))).toBe("CONFLICT");
    });

    it("are told to be locked to the staff of their companies, in one statement for all", async () => {
      const admin = await identity.buildViewer([], true);
      const [company, other] = [await identity.buildCompany(), await identity.buildCompany()];
      const [agent, customer] = [
        await identity.buildViewer([
          [company, "AGENT"],
          [other, "CUSTOMER"],
        ]),
        await identity.buildViewer([[company, "CUSTOMER"]]),
      ];
      const stranger = await identity.buildViewer([[other, "CUSTOMER"]]);
      await identity.userAccess.deactivateUser(admin, idOf(customer));
      await identity.userAccess.deactivateUser(admin, idOf(stranger));
      const members = `query ($id: ID!) { company(id: $id) { memberships { nodes { user { id deactivatedAt } } } } }`;
      identity.statements.length = 0;
      const { data } = await identity.run(members, agent, { id: company.id });
      const { nodes } = (
        data as never as {
          company: { memberships: { nodes: { user: { id: string; deactivatedAt: unknown } }[] } };
        }
      ).company.memberships;
      const told = new Map(nodes.map(({ user }) => [user.id, user.deactivatedAt]));
      expect(told.get(idOf(customer))).toEqual(expect.any(Date));
      expect(told.get(idOf(agent))).toBeNull();
      expect(
        identity.statements.filter((text) => text.includes("deactivated_at") && text.includes("exists")),
      ).toHaveLength(1);
      const self = `query ($id: ID!) { user(id: $id) { deactivatedAt } }`;
      expect((await identity.run(self, agent, { id: idOf(agent) })).data).toEqual({
        user: { deactivatedAt: null },
      });
      expect((await identity.run(self, admin, { id: idOf(stranger) })).data).toEqual({
        user: { deactivatedAt: expect.any(Date) },
      });
    });
  });

  describe("one's own sessions", () => {
    it("are listed with where they were opened, and ended one by one or all others at once", async () => {
      const { email, id } = await identity.buildUser();
      const from = { address: "192.0.2.77", userAgent: "x".repeat(400) };
      const asking = await identity.sessions.signIn({ email, password: PASSWORD }, from);
      const [one, two] = [await signIn(email), await signIn(email)];
      const list = async () => {
        const query = `{ viewer { sessions { id createdAt lastUsedAt expiresAt userAgent address isCurrent } } }`;
        const { data, errors } = await identity.run(query, asking.viewer);
        expect(errors).toBeUndefined();
        return (data as never as { viewer: { sessions: Record<string, unknown>[] } }).viewer.sessions;
      };
      const listed = await list();
      expect(listed.map((session) => session.id)).toEqual(
        [two, one, asking].map(({ viewer }) => viewer.sessionId),
      );
      expect(listed[2]).toMatchObject({ address: "192.0.2.77", userAgent: "x".repeat(300), isCurrent: true });
      expect(listed[0]).toMatchObject({ userAgent: null, isCurrent: false });
      const end = `mutation ($id: ID!) { endSession(id: $id) { sessions { id } } }`;
      const ended = await identity.run(end, asking.viewer, { id: one.viewer.sessionId });
      expect(
        (ended.data as never as { endSession: { sessions: unknown[] } }).endSession.sessions,
      ).toHaveLength(2);
      expect(await identity.sessions.viewerOf(one.accessToken)).toBe(anonymous);
      const stranger = (await signIn((await identity.buildUser()).email)).viewer;
      const told = await failureOf(identity.ownSessions.endSession(stranger, two.viewer.sessionId!));
      expect(told).toMatchObject({ code: "NOT_FOUND" });
      for (const none of [one.viewer.sessionId!, "no id", "0199aaaa-0000-7000-8000-000000000001"])
        expect(await failureOf(identity.ownSessions.endSession(stranger, none))).toEqual(told);
      await identity.ownSessions.endOtherSessions(asking.viewer);
      expect(await identity.sessions.viewerOf(two.accessToken)).toBe(anonymous);
      expect((await list()).map((session) => session.id)).toEqual([asking.viewer.sessionId]);
      expect(await auditOf(id)).toEqual(["user.signed-out-elsewhere"]);
      expect(await auditOf(one.viewer.sessionId!)).toEqual(["session.opened", "session.ended"]);
    });
  });

  describe("the operator's accounts", () => {
    it("are made without a password, given links, locked and set", async () => {
      const operator = createOperatorAccountService({
        db: identity.db,
        clock: () => now,
        passwordCost: CHEAP,
        resetUrl: "https://app.example.test/#{token}",
        resetHours: 1,
      });
      const { id, email } = await operator.create({
        email: "Ops@Example.test",
        name: "Olga Ops",
        isAdmin: false,
      });
      expect(await codeOf(signIn(email))).toBe("UNAUTHENTICATED");
      const { url, token } = await operator.linkToPassword(email, BASE);
      expect(url).toBe(`https://app.example.test/#${token}`);
      await reset(token);
      expect(await codeOf(signIn(email, NEW))).toBe("ok");
      await operator.lock(email);
      expect(await codeOf(signIn(email, NEW))).toBe("UNAUTHENTICATED");
      const listed = [];
      for await (const account of operator.list({ search: "olga" })) listed.push(account);
      expect(listed).toMatchObject([{ email, deactivatedAt: now }]);
      await operator.unlock(email);
      expect(await codeOf(operator.setPassword(email, "olga ops"))).toBe("BAD_USER_INPUT");
      await operator.setPassword(email, "yet another password");
      expect(await codeOf(signIn(email, "yet another password"))).toBe("ok");
      expect(await codeOf(operator.lock("unknown@example.test"))).toBe("BAD_USER_INPUT");
      expect(await codeOf(operator.create({ email, name: "Twice", isAdmin: false }))).toBe("CONFLICT");
      expect(await auditOf(id)).toContain("user.password-set");
    });
  });
});
