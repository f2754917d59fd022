import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLObjectType } from "graphql";
import { isInputObjectType, isObjectType } from "graphql";
import type { Identity } from "./identity-fixture.js";
import { idOf, PASSWORD, startIdentity } from "./identity-fixture.js";

let identity: Identity;

const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) {
  accessToken refreshToken expiresAt viewer { user { id email name } memberships { company { id slug } role } } } }`;

describe("the identity schema", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });
  afterAll(() => identity.stop());

  it("signs in with the contract's fields, refreshes and signs out", async () => {
    const company = await identity.buildCompany();
    const viewer = await identity.buildViewer([[company, "AGENT"]]);
    const { email } = viewer as { email: string };
    const { data, errors } = await identity.run(SIGN_IN, undefined, { input: { email, password: PASSWORD } });
    expect(errors).toBeUndefined();
    const session = data?.signIn as { refreshToken: string; viewer: unknown };
    expect(session.viewer).toEqual({
      user: { id: idOf(viewer), email, name: "Some Body" },
      memberships: [{ company: { id: company.id, slug: company.slug }, role: "AGENT" }],
    });
    const refresh = `mutation ($t: String!) { refreshSession(refreshToken: $t) { refreshToken viewer { user { id } } } }`;
    const refreshed = await identity.run(refresh, undefined, { t: session.refreshToken });
    expect(refreshed.data?.refreshSession).toMatchObject({ viewer: { user: { id: idOf(viewer) } } });
    const { refreshToken } = (refreshed.data as never as { refreshSession: { refreshToken: string } })
      .refreshSession;
    const out = `mutation ($t: String) { signOut(refreshToken: $t) }`;
    expect((await identity.run(out, undefined, { t: refreshToken })).data).toEqual({ signOut: true });
  });

  it("answers null for an anonymous viewer, and the branding to everybody", async () => {
    const { slug, name } = await identity.buildCompany();
    const query = `query ($slug: String!) { viewer { user { id } } companyBranding(slug: $slug) { slug name } }`;
    expect((await identity.run(query, undefined, { slug })).data).toEqual({
      viewer: null,
      companyBranding: { slug, name },
    });
    expect((await identity.run(query, undefined, { slug: "no\0where" })).data).toMatchObject({
      companyBranding: null,
    });
  });

  it("reads companies, members and their people in as many statements for many as for one", async () => {
    const own = await Promise.all(Array.from({ length: 4 }, () => identity.buildCompany()));
    for (const company of own)
      for (let person = 0; person < 3; person++) await identity.buildViewer([[company, "CUSTOMER"]]);
    const viewer = await identity.buildViewer(own.map((company) => [company, "AGENT"] as const));
    const query = `query ($first: Int) { companies(first: $first) { totalCount nodes { id memberships(first: 2) {
      totalCount pageInfo { hasNextPage } nodes { role user { email } company { slug } } } } } }`;
    const count = async (first: number) => {
      identity.statements.length = 0;
      const { data, errors } = await identity.run(query, viewer, { first });
      expect(errors).toBeUndefined();
      return { statements: identity.statements.length, data: data as never };
    };
    const [one, four] = [await count(1), await count(4)];
    expect(four.statements).toBe(one.statements);
    const { nodes } = (four.data as { companies: { nodes: unknown[] } }).companies;
    expect(nodes).toHaveLength(4);
    for (const node of nodes)
      expect(node).toMatchObject({
        memberships: {
          totalCount: 4,
          pageInfo: { hasNextPage: true },
          nodes: [{ role: "CUSTOMER" }, { role: "CUSTOMER" }],
        },
      });
  });

  it("turns the pages of a company's members", async () => {
    const company = await identity.buildCompany();
    const members = [];
    for (let person = 0; person < 3; person++)
      members.push(idOf(await identity.buildViewer([[company, "AGENT"]])));
    const admin = await identity.buildViewer([], true);
    const query = `query ($id: ID!, $after: String) { company(id: $id) { memberships(first: 2, after: $after) {
      nodes { user { id } } pageInfo { endCursor hasNextPage hasPreviousPage } } } }`;
    const page = async (after: string | null) => {
      const { data, errors } = await identity.run(query, admin, { id: company.id, after });
      expect(errors).toBeUndefined();
      return (
        data as never as {
          company: {
            memberships: {
              nodes: { user: { id: string } }[];
              pageInfo: { endCursor: string; hasNextPage: boolean };
            };
          };
        }
      ).company.memberships;
    };
    const first = await page(null);
    const second = await page(first.pageInfo.endCursor);
    expect([...first.nodes, ...second.nodes].map(({ user }) => user.id)).toEqual(members);
    expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
  });

  it("runs every mutation on companies and people for an administrator", async () => {
    const admin = await identity.buildViewer([], true);
    const run = async (source: string, variables: object = {}) => {
      const { data, errors } = await identity.run(source, admin, variables as Record<string, unknown>);
      expect(errors).toBeUndefined();
      return data as Record<string, { id: string }>;
    };
    // Its mutations that may bring a logo belong to the media module.
    const { createCompany, editCompany } = identity.companies;
    const { id } = await createCompany(admin, { slug: "initech", name: "Initech" });
    const { createUser } = await run(
      `mutation { createUser(input: { email: "Peter@Initech.test", name: "Peter", password: "stapler stapler" }) { id email isAdmin } }`,
    );
    expect(createUser).toMatchObject({ email: "peter@initech.test", isAdmin: false });
    expect(
      await run(
        `mutation ($id: ID!) { setMembership(input: { companyId: $id, email: "peter@initech.test", role: MANAGER }) { role user { id } company { slug } } }`,
        { id },
      ),
    ).toEqual({
      setMembership: { role: "MANAGER", user: { id: createUser!.id }, company: { slug: "initech" } },
    });
    await editCompany(admin, { id, name: "Initrode", slug: null });
    await run(
      `mutation ($id: ID!, $userId: ID!) { removeMembership(input: { companyId: $id, userId: $userId }) { id } }`,
      { id, userId: createUser!.id },
    );
    const { deleteCompany } = await run(`mutation ($id: ID!) { deleteCompany(id: $id) { id deletedAt } }`, {
      id,
    });
    expect(deleteCompany).toMatchObject({ deletedAt: expect.any(Date) });
    expect(
      await run(`mutation ($id: ID!) { restoreCompany(id: $id) { name slug deletedAt } }`, { id }),
    ).toEqual({ restoreCompany: { name: "Initrode", slug: "initech", deletedAt: null } });
  });

  it.each([
    [`createUser(input: { email: "a@b.test", name: "A", password: "short" }) { id }`],
    [`createUser(input: { email: "not an address", name: "A", password: "long enough it is" }) { id }`],
    [`createUser(input: { email: "a@b.test", name: " ", password: "long enough it is" }) { id }`],
    [`createUser(input: { email: "a@b.test", name: "A\\u0000", password: "long enough it is" }) { id }`],
    [`signIn(input: { email: "a\\u0000@b.test", password: "x" }) { accessToken }`],
  ])("refuses %s before the database sees it", async (mutation) => {
    const admin = await identity.buildViewer([], true);
    identity.statements.length = 0;
    const { errors } = await identity.run(`mutation { ${mutation} }`, admin);
    expect(errors?.[0]?.extensions?.code).toBe("BAD_USER_INPUT");
    expect(identity.statements).toEqual([]);
  });

  it("has no field for a secret, and a description everywhere", () => {
    const types = Object.values(identity.schema.getTypeMap()).filter(
      (type): type is GraphQLObjectType =>
        (isObjectType(type) || isInputObjectType(type)) && !type.name.startsWith("__"),
    );
    const roots = ["Query", "Mutation"];
    for (const type of types) {
      if (!roots.includes(type.name))
        expect([type.name, type.description]).toEqual([type.name, expect.any(String)]);
      for (const field of Object.values(type.getFields())) {
        expect([type.name, field.name, field.description]).toEqual([
          type.name,
          field.name,
          expect.stringMatching(/./),
        ]);
        for (const arg of field.args ?? [])
          expect([field.name, arg.name, arg.description]).toEqual([
            field.name,
            arg.name,
            expect.stringMatching(/./),
          ]);
        expect(field.name).not.toMatch(/hash|externalSubject/i);
      }
    }
    expect(Object.keys((identity.schema.getType("User") as GraphQLObjectType).getFields()).sort()).toEqual([
      "deactivatedAt",
      "email",
      "id",
      "isAdmin",
      "name",
    ]);
  });
});
