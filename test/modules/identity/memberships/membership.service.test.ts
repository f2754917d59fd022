import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Identity } from "../identity-fixture.js";
import { codeOf, idOf, startIdentity } from "../identity-fixture.js";

let identity: Identity;

const set = (...args: Parameters<Identity["memberships"]["setMembership"]>) =>
  identity.memberships.setMembership(...args);
const remove = (...args: Parameters<Identity["memberships"]["removeMembership"]>) =>
  identity.memberships.removeMembership(...args);
const emailOf = (viewer: object) => (viewer as { email: string }).email;

describe("membership", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });

  afterAll(() => identity.stop());

  describe("a membership", () => {
    it("is made by an administrator at once, changed by a manager, and taken away", async () => {
      const company = await identity.buildCompany();
      const admin = await identity.buildViewer([], true);
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const user = await identity.buildUser();
      const target = { companyId: company.id, email: user.email.toUpperCase() };
      const roles = async () =>
        (await identity.sessions.viewerById(user.id)) as { roles?: Map<string, string> };
      const first = await set(admin, { ...target, role: "CUSTOMER" });
      expect((await roles()).roles).toEqual(new Map([[company.id, "CUSTOMER"]]));
      const second = await set(manager, { ...target, role: "AGENT" });
      expect(second.id).toBe(first.id);
      expect((await roles()).roles).toEqual(new Map([[company.id, "AGENT"]]));
      await remove(manager, { companyId: company.id, userId: user.id });
      expect((await roles()).roles).toEqual(new Map());
      const log =
        await identity.sql`select action, details from audit_log where company_id = ${company.id} order by id`;
      expect(log.map(({ action }) => action)).toEqual([
        "membership.set",
        "membership.set",
        "membership.removed",
      ]);
      expect(log[1]?.details).toEqual({ userId: user.id, role: "AGENT" });
    });

    it("is not given to who has no account, nor taken from who is no member", async () => {
      const company = await identity.buildCompany();
      const admin = await identity.buildViewer([], true);
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const missing = { companyId: company.id, email: "nobody@example.test", role: "AGENT" } as const;
      expect(await codeOf(set(admin, missing))).toBe("NOT_FOUND");
      const stranger = await identity.buildUser();
      expect(await codeOf(remove(manager, { companyId: company.id, userId: stranger.id }))).toBe("NOT_FOUND");
      expect(await codeOf(remove(manager, { companyId: company.id, userId: "not an id" }))).toBe("NOT_FOUND");
    });

    it("is not given by a manager to who has none, who is told how to ask them", async () => {
      const company = await identity.buildCompany();
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const { email } = await identity.buildUser();
      await expect(set(manager, { companyId: company.id, email, role: "AGENT" })).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: "Nobody with this e-mail address is a member of the company: invite them with inviteMember.",
        details: { field: "email" },
      });
      expect(await identity.sql`select from memberships where company_id = ${company.id}`).toHaveLength(1);
    });

    it("of another company is out of a manager's reach", async () => {
      const [own, other] = [await identity.buildCompany(), await identity.buildCompany()];
      const manager = await identity.buildViewer([
        [own, "MANAGER"],
        [other, "AGENT"],
      ]);
      const victim = await identity.buildViewer([[other, "AGENT"]]);
      expect(
        await codeOf(set(manager, { companyId: other.id, email: emailOf(manager), role: "MANAGER" })),
      ).toBe("FORBIDDEN");
      expect(await codeOf(remove(manager, { companyId: other.id, userId: idOf(victim) }))).toBe("FORBIDDEN");
      expect(await codeOf(remove(manager, { companyId: own.id, userId: idOf(victim) }))).toBe("NOT_FOUND");
      expect(await identity.sessions.viewerById(idOf(victim))).toEqual(victim);
    });
  });

  describe("the last manager of a company", () => {
    it("cannot give up the role, until there is another", async () => {
      const company = await identity.buildCompany();
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const self = { companyId: company.id, email: emailOf(manager) };
      expect(await codeOf(set(manager, { ...self, role: "AGENT" }))).toBe("CONFLICT");
      expect(await codeOf(remove(manager, { companyId: company.id, userId: idOf(manager) }))).toBe(
        "CONFLICT",
      );
      expect(await codeOf(set(manager, { ...self, role: "MANAGER" }))).toBe("ok");
      const second = await identity.buildViewer([[company, "MANAGER"]]);
      await identity.sql`update users set deleted_at = now() where id = ${idOf(second)}`;
      expect(await codeOf(set(manager, { ...self, role: "AGENT" }))).toBe("CONFLICT");
      await identity.sql`update users set deleted_at = null where id = ${idOf(second)}`;
      expect(await codeOf(set(manager, { ...self, role: "AGENT" }))).toBe("ok");
    });

    it("can be replaced by an administrator, who still cannot drop themselves", async () => {
      const company = await identity.buildCompany();
      const manager = await identity.buildViewer([[company, "MANAGER"]]);
      const admin = await identity.buildViewer([[company, "AGENT"]], true);
      expect(await codeOf(remove(admin, { companyId: company.id, userId: idOf(manager) }))).toBe("ok");
      await set(admin, { companyId: company.id, email: emailOf(admin), role: "MANAGER" });
      expect(await codeOf(remove(admin, { companyId: company.id, userId: idOf(admin) }))).toBe("CONFLICT");
    });

    it("stays when two managers remove each other at once, 20 times over", async () => {
      for (let round = 0; round < 20; round++) {
        const company = await identity.buildCompany();
        const [a, b] = [
          await identity.buildViewer([[company, "MANAGER"]]),
          await identity.buildViewer([[company, "MANAGER"]]),
        ];
        const codes = await Promise.all([
          codeOf(remove(a, { companyId: company.id, userId: idOf(b) })),
          codeOf(set(b, { companyId: company.id, email: emailOf(a), role: "CUSTOMER" })),
        ]);
        // Whoever comes second is no manager any more: an agent's or customer's role is refused, a lost one sees nothing.
        expect(codes.filter((code) => code === "ok")).toHaveLength(1);
        expect(["NOT_FOUND", "FORBIDDEN"]).toContain(codes.find((code) => code !== "ok"));
      }
    });
  });
});
