import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { notFound } from "../../../../src/kernel/errors.js";
import type { CompanyRow } from "../../../../src/modules/identity/company.tables.js";
import type { Viewer } from "../../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { Identity } from "../identity-fixture.js";
import { codeOf, contextOf, idOf, startIdentity } from "../identity-fixture.js";

let identity: Identity;

const WHO = ["anonymous", "stranger", "customer", "agent", "manager", "admin"] as const;

/** A company with a person of each kind; the stranger is a manager, but of another company. */
async function buildCast() {
  const company = await identity.buildCompany();
  const elsewhere = await identity.buildCompany();
  const cast: Record<(typeof WHO)[number], Viewer> = {
    anonymous,
    stranger: await identity.buildViewer([[elsewhere, "MANAGER"]]),
    customer: await identity.buildViewer([[company, "CUSTOMER"]]),
    agent: await identity.buildViewer([[company, "AGENT"]]),
    manager: await identity.buildViewer([[company, "MANAGER"]]),
    admin: await identity.buildViewer([], true),
  };
  return { company, cast };
}

const ok = "ok";
const no = "FORBIDDEN";
const none = "NOT_FOUND";
const who = "UNAUTHENTICATED";

/** A query for one thing answers null for what may not be seen. */
async function readOrFail(viewer: Viewer, id: string): Promise<CompanyRow> {
  const company = await identity.companies.readCompany(viewer, id);
  if (company === null) throw notFound("company");
  return company;
}

let slugs = 0;
const address = () => `new${++slugs}@example.test`;
type Action = (viewer: Viewer, company: CompanyRow) => Promise<unknown>;

const rows: [string, Action, string[]][] = [
  // anonymous, stranger, customer, agent, manager, admin
  ["read a company", (v, c) => readOrFail(v, c.id), [who, none, ok, ok, ok, ok]],
  ["browse companies", (v) => identity.companies.browseCompanies(v, {}), [who, ok, ok, ok, ok, ok]],
  [
    "create a company",
    (v) => identity.companies.createCompany(v, { slug: `new-${++slugs}`, name: "New" }),
    [who, no, no, no, no, ok],
  ],
  [
    "edit a company",
    (v, c) => identity.companies.editCompany(v, { id: c.id, name: "Edited" }),
    [who, none, no, no, ok, ok],
  ],
  [
    "list members",
    (v, c) => identity.memberships.listMembers(contextOf(v), c, {}),
    [who, none, no, ok, ok, ok],
  ],
  [
    "list invitations",
    (v, c) => identity.invitations.listInvitations(contextOf(v), c, {}),
    [who, none, no, no, ok, ok],
  ],
  [
    "invite somebody",
    (v, c) => identity.invitations.inviteMember(v, { companyId: c.id, email: address(), role: "AGENT" }),
    [who, none, no, no, ok, ok],
  ],
  [
    "revoke an invitation",
    async (v, c) => {
      const manager = await identity.buildViewer([[c, "MANAGER"]]);
      const asked = { companyId: c.id, email: address(), role: "AGENT" } as const;
      return identity.invitations.revokeInvitation(
        v,
        (await identity.invitations.inviteMember(manager, asked)).id,
      );
    },
    // Whom a company asks is not told to its agents.
    [who, none, none, none, ok, ok],
  ],
  [
    "set a member's role",
    async (v, c) => {
      const { email } = (await identity.buildViewer([[c, "CUSTOMER"]])) as { email: string };
      return identity.memberships.setMembership(v, { companyId: c.id, email, role: "AGENT" });
    },
    [who, none, no, no, ok, ok],
  ],
  [
    "make somebody a member at once",
    async (v, c) =>
      identity.memberships.setMembership(v, {
        companyId: c.id,
        email: (await identity.buildUser()).email,
        role: "AGENT",
      }),
    [who, none, no, no, none, ok],
  ],
  [
    "remove a membership",
    async (v, c) =>
      identity.memberships.removeMembership(v, {
        companyId: c.id,
        userId: idOf(await identity.buildViewer([[c, "AGENT"]])),
      }),
    [who, none, no, no, ok, ok],
  ],
  [
    "create an account",
    (v) =>
      identity.users.createUser(v, {
        email: address(),
        name: "New",
        password: "long enough it is",
      }),
    [who, no, no, no, no, ok],
  ],
  ["delete a company", (v, c) => identity.companies.deleteCompany(v, c.id), [who, none, no, no, no, ok]],
];

describe("company", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });

  afterAll(() => identity.stop());

  describe("the table of who may do what", () => {
    it.each(rows)("%s", async (_name, action, expected) => {
      const { company, cast } = await buildCast();
      const answers: string[] = [];
      for (const name of WHO) answers.push(await codeOf(action(cast[name], company)));
      expect(Object.fromEntries(answers.map((answer, index) => [WHO[index], answer]))).toEqual(
        Object.fromEntries(expected.map((answer, index) => [WHO[index], answer])),
      );
    });

    it("restores a company for an administrator alone", async () => {
      const { company, cast } = await buildCast();
      await identity.companies.deleteCompany(cast.admin, company.id);
      for (const name of WHO)
        expect([name, await codeOf(identity.companies.restoreCompany(cast[name], company.id))]).toEqual([
          name,
          { anonymous: who, admin: ok }[name as string] ?? none,
        ]);
    });
  });

  describe("a deleted company", () => {
    it("is gone for everybody at once, and comes back with its members", async () => {
      const { company, cast } = await buildCast();
      const user = idOf(cast.manager);
      await identity.companies.deleteCompany(cast.admin, company.id);
      const manager = await identity.sessions.viewerById(user);
      expect(manager).toMatchObject({ roles: new Map() });
      for (const viewer of [manager, cast.manager, cast.admin]) {
        expect(await codeOf(readOrFail(viewer, company.id))).toBe(none);
        expect(await codeOf(identity.companies.editCompany(viewer, { id: company.id, name: "x" }))).toBe(
          none,
        );
        expect(await codeOf(identity.companies.deleteCompany(viewer, company.id))).toBe(none);
        const listed = await identity.companies.browseCompanies(viewer, { search: company.slug });
        expect([listed.nodes, await listed.totalCount]).toEqual([[], 0]);
        const member = { companyId: company.id, email: "somebody@example.test", role: "AGENT" } as const;
        expect(await codeOf(identity.memberships.setMembership(viewer, member))).toBe(none);
      }
      expect(await identity.companies.readBranding(company.slug)).toBeNull();
      expect((await identity.companies.restoreCompany(cast.admin, company.id)).deletedAt).toBeNull();
      expect(await identity.sessions.viewerById(user)).toEqual(cast.manager);
      expect(await identity.companies.readBranding(company.slug)).toMatchObject({ name: company.name });
    });

    it("leaves its traces in the audit log", async () => {
      const { company, cast } = await buildCast();
      await identity.companies.editCompany(cast.manager, { id: company.id, name: "Renamed" });
      await identity.companies.deleteCompany(cast.admin, company.id);
      await identity.companies.restoreCompany(cast.admin, company.id);
      await identity.companies.restoreCompany(cast.admin, company.id);
      const log =
        await identity.sql`select action, actor_id from audit_log where company_id = ${company.id} order by id`;
      expect([...log]).toEqual([
        { action: "company.updated", actor_id: idOf(cast.manager) },
        { action: "company.deleted", actor_id: idOf(cast.admin) },
        { action: "company.restored", actor_id: idOf(cast.admin) },
      ]);
    });
  });

  describe("the slug of a company", () => {
    it("belongs to one company, a deleted one included", async () => {
      const { company, cast } = await buildCast();
      const other = await identity.buildCompany();
      const create = () => identity.companies.createCompany(cast.admin, { slug: company.slug, name: "Copy" });
      const rename = () => identity.companies.editCompany(cast.admin, { id: other.id, slug: company.slug });
      expect([await codeOf(create()), await codeOf(rename())]).toEqual(["CONFLICT", "CONFLICT"]);
      await identity.companies.deleteCompany(cast.admin, company.id);
      expect([await codeOf(create()), await codeOf(rename())]).toEqual(["CONFLICT", "CONFLICT"]);
    });
  });

  describe("the list of companies", () => {
    it("turns its pages in both directions, by name, and shows each company once", async () => {
      const names = ["beta", "alpha", "gamma", "alpha", "delta"];
      const own: CompanyRow[] = [];
      for (const name of names) own.push(await identity.buildCompany(name));
      const viewer = await identity.buildViewer(own.map((company) => [company, "CUSTOMER"] as const));
      const inOrder = [...own].sort((a, b) =>
        a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1,
      );
      const ids = inOrder.map((company) => company.id);
      const browse = (page: object) => identity.companies.browseCompanies(viewer, page);

      const forward: string[] = [];
      for (let after: string | null = null, more = true; more; ) {
        const page = await browse({ first: 2, after });
        forward.push(...page.nodes.map((company) => company.id));
        ({ endCursor: after, hasNextPage: more } = page.pageInfo);
      }
      expect(forward).toEqual(ids);

      const backward: string[] = [];
      for (let before: string | null = null, more = true; more; ) {
        const page = await browse({ last: 2, before });
        backward.unshift(...page.nodes.map((company) => company.id));
        ({ startCursor: before, hasPreviousPage: more } = page.pageInfo);
      }
      expect(backward).toEqual(ids);
      expect(await (await browse({ first: 1 })).totalCount).toBe(5);
    });

    it("is searched by a part of name or slug, taken literally", async () => {
      const [percent, plain] = [
        await identity.buildCompany("100% Wool_"),
        await identity.buildCompany("100 Wool"),
      ];
      const viewer = await identity.buildViewer([
        [percent, "AGENT"],
        [plain, "AGENT"],
      ]);
      const found = async (search: string) =>
        (await identity.companies.browseCompanies(viewer, { search })).nodes.map((company) => company.id);
      expect(await found("wool_")).toEqual([percent.id]);
      expect(await found("100%")).toEqual([percent.id]);
      expect(new Set(await found(" WOOL "))).toEqual(new Set([percent.id, plain.id]));
      expect(await found(plain.slug)).toEqual([plain.id]);
    });

    it("never shows another tenant's company, and shows an administrator all", async () => {
      const { company, cast } = await buildCast();
      const nodes = async (viewer: Viewer) =>
        (await identity.companies.browseCompanies(viewer, { search: company.slug })).nodes;
      expect(await nodes(cast.stranger)).toEqual([]);
      expect(await nodes(await identity.buildViewer([]))).toEqual([]);
      expect(await nodes(cast.customer)).toHaveLength(1);
      expect(await nodes(cast.admin)).toHaveLength(1);
    });

    it("refuses a page of more than 100 and a cursor of another list", async () => {
      const viewer = await identity.buildViewer([]);
      expect(await codeOf(identity.companies.browseCompanies(viewer, { first: 101 }))).toBe("BAD_USER_INPUT");
      expect(await codeOf(identity.companies.browseCompanies(viewer, { after: "bm9uc2Vuc2U" }))).toBe(
        "BAD_USER_INPUT",
      );
      expect(await codeOf(readOrFail(viewer, "not an id"))).toBe(none);
    });
  });
});
