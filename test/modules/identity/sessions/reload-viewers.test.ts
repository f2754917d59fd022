import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Viewer } from "../../../../src/modules/identity/viewer.js";
import { anonymous } from "../../../../src/modules/identity/viewer.js";
import type { GuestRows } from "../../../support/guest-world.js";
import { guestRows } from "../../../support/guest-world.js";
import type { Identity } from "../identity-fixture.js";
import { PASSWORD, startIdentity } from "../identity-fixture.js";

let identity: Identity;
let rows: GuestRows;

async function signedIn(): Promise<{ viewer: Viewer; id: string }> {
  const { email, id } = await identity.buildUser();
  const { accessToken } = await identity.sessions.signIn(
    { email, password: PASSWORD },
    { address: "192.0.2.1" },
  );
  return { viewer: await identity.sessions.viewerOf(accessToken), id };
}

async function guestIn(companyId: string): Promise<Viewer> {
  const conversationId = await rows.conversation(companyId, (await identity.buildUser()).id);
  return identity.sessions.viewerById((await rows.guest(conversationId)).id);
}

const reload = (...viewers: Viewer[]) => identity.sessions.reload(viewers);
const idOf = (viewer: Viewer) => (viewer.kind === "anonymous" ? "" : viewer.id);

describe("viewers who are looked up anew", () => {
  beforeAll(async () => {
    identity = await startIdentity();
    rows = guestRows(identity.sql);
  });
  afterAll(() => identity.stop());
  beforeEach(() => {
    identity.statements.length = 0;
  });

  it("are the same viewers in the same order, each as often as asked for", async () => {
    const company = await identity.buildCompany();
    const session = (await signedIn()).viewer;
    const byId = await identity.buildViewer([[company, "AGENT"]]);
    const guest = await guestIn(company.id);
    const viewers = [guest, session, anonymous, byId, session, guest];
    expect(await reload(...viewers)).toEqual(viewers);
    expect(await reload()).toEqual([]);
  });

  it("show the roles that they have now", async () => {
    const company = await identity.buildCompany();
    const { viewer, id } = await signedIn();
    const byId = await identity.sessions.viewerById(id);
    await identity.sql`insert into memberships (id, company_id, user_id, role)
      values (gen_random_uuid(), ${company.id}, ${id}, 'AGENT')`;
    for (const now of await reload(viewer, byId))
      expect(now).toMatchObject({ roles: new Map([[company.id, "AGENT"]]) });
    await identity.sql`update companies set deleted_at = now() where id = ${company.id}`;
    for (const now of await reload(viewer, byId)) expect(now).toMatchObject({ roles: new Map() });
  });

  it("are anonymous once signed out, deleted, revoked or expired", async () => {
    const company = await identity.buildCompany();
    const [out, over, gone] = [await signedIn(), await signedIn(), await signedIn()];
    const goneById = await identity.sessions.viewerById(gone.id);
    const [revoked, expired] = [await guestIn(company.id), await guestIn(company.id)];
    const viewers = [out, over, gone].map(({ viewer }) => viewer).concat(goneById, revoked, expired);
    await identity.sessions.signOut(out.viewer);
    await identity.sql`update sessions set expires_at = now() - interval '1 second' where user_id = ${over.id}`;
    await identity.sql`update users set deleted_at = now() where id = ${gone.id}`;
    await rows.revoke(idOf(revoked));
    await identity.sql`update guests set expires_at = now() - interval '1 second' where id = ${idOf(expired)}`;
    expect(await reload(...viewers)).toEqual(viewers.map(() => anonymous));
  });

  it("are themselves alone: a session is no other person's", async () => {
    const [one, other] = [await signedIn(), await signedIn()];
    expect(await reload({ ...(one.viewer as object), id: other.id } as Viewer)).toEqual([anonymous]);
  });

  it("take three statements, whatever their number", async () => {
    const company = await identity.buildCompany();
    const guests = [await guestIn(company.id), await guestIn(company.id)];
    const people = [(await signedIn()).viewer, (await signedIn()).viewer];
    const byId = await Promise.all([identity.buildViewer([]), identity.buildViewer([])]);
    identity.statements.length = 0;
    const many = Array.from({ length: 200 }, () => [...guests, ...people, ...byId]).flat();
    expect(await reload(...many)).toEqual(many);
    expect(identity.statements).toHaveLength(3);
  });
});
