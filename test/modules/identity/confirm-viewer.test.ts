import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { findCompanyForChange } from "../../../src/modules/identity/companies/company.repository.js";
import { writeAs } from "../../../src/modules/identity/confirm-viewer.js";
import type { UserViewer } from "../../../src/modules/identity/viewer.js";
import type { Identity } from "./identity-fixture.js";
import { codeOf, startIdentity } from "./identity-fixture.js";

let identity: Identity;

async function setUp() {
  const company = await identity.buildCompany();
  const viewer = (await identity.buildViewer([[company, "AGENT"]])) as UserViewer;
  return { viewer, companyId: company.id };
}

describe("confirm viewer", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });

  afterAll(() => identity.stop());

  it("is sent before the locks that go out together with it, so that the order of locks stands", async () => {
    const { viewer, companyId } = await setUp();
    identity.statements.length = 0;
    const locked = await writeAs(
      identity.db,
      { viewer, companyId, lock: (tx) => findCompanyForChange(tx, companyId) },
      async (_tx, confirmed, company) => {
        expect(confirmed.roles).toEqual(new Map([[companyId, "AGENT"]]));
        return company?.id;
      },
    );
    expect(locked).toBe(companyId);
    const locks = identity.statements.filter((statement) => /for (share|no key update)/.test(statement));
    expect(locks.map((statement) => /"companies" where .* for no key update/.test(statement))).toEqual([
      false,
      true,
    ]);
  });

  it("waits for the locks as well when the viewer is not confirmed, and writes nothing", async () => {
    const { viewer, companyId } = await setUp();
    await identity.sql`update users set deactivated_at = now() where id = ${viewer.id}`;
    let isLocked = false;
    const lock = async (tx: typeof identity.db) => {
      for (let round = 0; round < 2; round++) await findCompanyForChange(tx, companyId);
      isLocked = true;
    };
    const written = writeAs(identity.db, { viewer, companyId, lock }, async () => "written");
    expect(await codeOf(written)).toBe("UNAUTHENTICATED");
    expect(isLocked).toBe(true);
  });
});
