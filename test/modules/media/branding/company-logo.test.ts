import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  CompaniesWithLogosDocument,
  CompanyBrandingDocument,
  RemoveCompanyLogoDocument,
  SetCompanyLogoDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { makeJpeg, makePng } from "../../../support/make-files.js";
import { purgeDeletedFiles } from "../../../support/purge-deleted-files.js";
import { renderPending } from "../../../support/render-pending.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn, codeOf, createClient } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { Part, TicketWorld } from "../../../support/ticket-world.js";
import { downloadStatus, startTicketWorld } from "../../../support/ticket-world.js";

const MIB = 1024 * 1024;

const statements: string[] = [];
let world: TicketWorld;

const asFile = (bytes: Buffer, name = "logo.png") => new File([new Uint8Array(bytes)], name);
const somePng = async () => asFile(await makePng());

const setLogo = async (person: SignedIn | null, companyId: string, file: File) =>
  createClient(world.server.url, person?.token).mutate({
    mutation: SetCompanyLogoDocument,
    variables: { input: { companyId, file } },
  });

const removeLogo = (person: SignedIn | null, companyId: string) =>
  world.server.gql(RemoveCompanyLogoDocument, { companyId }, person?.token);

/** The files of a company that were uploaded as its logo, the oldest first. */
const logoFiles = (companyId: string) => world.server.database.sql<
  { id: string; deleted: boolean; used: boolean }[]
>`
  select f.id, f.deleted_at is not null as deleted,
    exists (select from media_usages u where u.media_file_id = f.id and u.resource_type = 'company'
      and u.resource_id = ${companyId} and u.field_name = 'logo') as used
  from media_files f where f.company_id = ${companyId} and f.bucket = 'COMPANY_LOGOS' order by f.id`;

const trail = async (companyId: string) => {
  const { sql } = world.server.database;
  const audit = await sql<{ action: string }[]>`
    select action from audit_log where company_id = ${companyId} and action like 'company.logo-%' order by id`;
  const events = await sql<{ type: string; topic: string }[]>`
    select type, topic from events where company_id = ${companyId} and type = 'company.branding-changed'`;
  return { audit: audit.map(({ action }) => action), events: [...events] };
};

describe("company logo", () => {
  beforeAll(async () => {
    world = await startTicketWorld({
      onStatement: (statement) => statements.push(statement),
    });
  });

  afterAll(async () => {
    const { sql } = world.server.database;
    expect(await brokenPromises(sql, world.server.dataFolder)).toEqual([]);
    expect(await strayFiles(sql, world.server.dataFolder)).toEqual([]);
    await world.close();
  });

  describe("who may do what: a company's logo", () => {
    it.each<[Part | "anonymous", string]>([
      ["anonymous", "UNAUTHENTICATED"],
      ["stranger", "NOT_FOUND"],
      ["outsideManager", "NOT_FOUND"],
      ["customer", "FORBIDDEN"],
      ["agent", "FORBIDDEN"],
      ["manager", "ok"],
      ["admin", "ok"],
    ])("set and removed by %s: %s", async (part, expected) => {
      const companyId = await world.newCompany();
      const person = part === "anonymous" ? null : world.people[part];
      expect(await codeOf(setLogo(person, companyId, await somePng()))).toBe(expected);
      expect(await logoFiles(companyId)).toHaveLength(expected === "ok" ? 1 : 0);
      expect(codeIn(await removeLogo(person, companyId))).toBe(expected);
    });

    it("is decided before the file is looked at", async () => {
      const companyId = await world.newCompany();
      const { customer, manager } = world.people;
      const large = asFile(Buffer.alloc(6 * MIB, 1));
      expect(await codeOf(setLogo(customer, companyId, large))).toBe("FORBIDDEN");
      expect(await codeOf(setLogo(manager, companyId, large))).toBe("FILE_TOO_LARGE");
    });

    it.each<[Part, number]>([
      ["stranger", 404],
      ["outsideManager", 404],
      ["customer", 404],
      ["agent", 200],
      ["manager", 200],
      ["admin", 200],
    ])("the file as it was uploaded, downloaded by %s: %s", async (part, expected) => {
      const companyId = await world.newCompany();
      await setLogo(world.people.manager, companyId, await somePng());
      const [logo] = await logoFiles(companyId);
      const url = `${world.server.url}/files/${logo!.id}/logo.png`;
      expect(await downloadStatus(url, world.people[part])).toBe(expected);
      expect(await downloadStatus(url)).toBe(401);
    });

    it("is not given to a company that does not exist, nor to one that was deleted", async () => {
      const companyId = await world.newCompany();
      const { admin, manager } = world.people;
      await world.server.gql(
        `mutation ($id: ID!) { deleteCompany(id: $id) { id } }`,
        { id: companyId },
        admin.token,
      );
      expect(await codeOf(setLogo(manager, companyId, await somePng()))).toBe("NOT_FOUND");
      expect(await codeOf(setLogo(admin, companyId, await somePng()))).toBe("NOT_FOUND");
      expect(await codeOf(setLogo(admin, "none", await somePng()))).toBe("NOT_FOUND");
      expect(codeIn(await removeLogo(admin, companyId))).toBe("NOT_FOUND");
    });
  });

  describe("a company's logo", () => {
    it("releases the old file when it is replaced, and the last one when it is removed", async () => {
      const companyId = await world.newCompany();
      const { manager } = world.people;
      await setLogo(manager, companyId, await somePng());
      await setLogo(manager, companyId, await somePng());
      expect(await logoFiles(companyId)).toMatchObject([
        { deleted: true, used: false },
        { deleted: false, used: true },
      ]);
      expect(codeIn(await removeLogo(manager, companyId))).toBe("ok");
      // A second removal changes nothing, and nothing is written down.
      expect(codeIn(await removeLogo(manager, companyId))).toBe("ok");
      const files = await logoFiles(companyId);
      expect(files).toMatchObject([
        { deleted: true, used: false },
        { deleted: true, used: false },
      ]);
      expect(await downloadStatus(`${world.server.url}/files/${files[1]!.id}/logo.png`, manager)).toBe(410);
      expect(await trail(companyId)).toEqual({
        audit: ["company.logo-set", "company.logo-set", "company.logo-removed"],
        events: Array(3).fill({ type: "company.branding-changed", topic: `media:${companyId}` }),
      });
    });

    it("keeps the bytes when it is replaced by the same picture", async () => {
      const companyId = await world.newCompany();
      const file = await somePng();
      await setLogo(world.people.manager, companyId, file);
      await setLogo(world.people.manager, companyId, file);
      await purgeDeletedFiles(world.server, new Date(Date.now() + 60_000));
      const files = await logoFiles(companyId);
      expect(files).toMatchObject([{ deleted: false, used: true }]);
      expect(
        await downloadStatus(`${world.server.url}/files/${files[0]!.id}/logo.png`, world.people.agent),
      ).toBe(200);
    });

    it("is one when ten are set at once, and the others are released", async () => {
      const companyId = await world.newCompany();
      const files = await Promise.all(Array.from({ length: 10 }, somePng));
      const { manager, admin } = world.people;
      const codes = await Promise.all(
        files.map((file, n) => codeOf(setLogo(n % 2 ? manager : admin, companyId, file))),
      );
      expect(codes).toEqual(Array(10).fill("ok"));
      const rows = await logoFiles(companyId);
      expect(rows.filter(({ used }) => used)).toMatchObject([{ deleted: false }]);
      expect(rows.filter(({ deleted }) => deleted)).toHaveLength(9);
      expect((await trail(companyId)).events).toHaveLength(10);
    });

    it("stays whole while it is set and removed at once", async () => {
      const companyId = await world.newCompany();
      const { manager } = world.people;
      const files = await Promise.all(Array.from({ length: 10 }, somePng));
      const codes = await Promise.all(
        files.flatMap((file) => [
          codeOf(setLogo(manager, companyId, file)),
          removeLogo(manager, companyId).then(codeIn),
        ]),
      );
      expect(codes).toEqual(Array(20).fill("ok"));
      const rows = await logoFiles(companyId);
      expect(rows.filter(({ used }) => used).length).toBeLessThanOrEqual(1);
      expect(rows.filter(({ used, deleted }) => used === deleted)).toEqual([]);
    });

    it.each<[string, () => Promise<File> | File, string]>([
      [
        "an SVG image",
        () => asFile(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), "logo.svg"),
        "UNSUPPORTED_FILE_TYPE",
      ],
      [
        "HTML that calls itself a PNG",
        () => asFile(Buffer.from("<!doctype html><p>Hello</p>"), "logo.png"),
        "UNSUPPORTED_FILE_TYPE",
      ],
      [
        "a JPEG that calls itself a program",
        async () => asFile(await makeJpeg(), "logo.exe"),
        "FILE_TYPE_MISMATCH",
      ],
      ["6 MiB", () => asFile(Buffer.alloc(6 * MIB, 1)), "FILE_TOO_LARGE"],
      ["nothing", () => asFile(Buffer.alloc(0)), "CORRUPT_FILE"],
      ["half a picture", async () => asFile((await makePng()).subarray(0, 20_000)), "CORRUPT_FILE"],
    ])("is not %s, and the logo that was there stays", async (_what, file, code) => {
      const companyId = await world.newCompany();
      await setLogo(world.people.manager, companyId, await somePng());
      expect(await codeOf(setLogo(world.people.manager, companyId, await file()))).toBe(code);
      expect(await logoFiles(companyId)).toMatchObject([{ deleted: false, used: true }]);
    });

    it("is in use as far as the library knows, and is shown while it is", async () => {
      const companyId = await world.newCompany();
      const { manager } = world.people;
      await setLogo(manager, companyId, await somePng());
      await renderPending(world.server);
      const [logo] = await logoFiles(companyId);
      const ask = (query: string, variables: object = {}) =>
        world.server.gql(query, { id: logo!.id, ...variables }, manager.token);
      const read = await ask(`query ($id: ID!) {
      mediaFile(id: $id) { usages { resourceType resourceId fieldName company { id logoUrl } } }
    }`);
      const usage = { resourceType: "company", resourceId: companyId, fieldName: "logo" };
      const company = { id: companyId, logoUrl: expect.stringContaining(logo!.id) };
      expect(read.data).toEqual({ mediaFile: { usages: [{ ...usage, company }] } });
      const deleted = await ask(`mutation ($id: ID!) { deleteMediaFile(id: $id) { id } }`);
      expect(codeIn(deleted)).toBe("CONFLICT");
      expect(await logoFiles(companyId)).toMatchObject([{ deleted: false, used: true }]);

      const { sql } = world.server.database;
      const publicStatus = () => downloadStatus(`${world.server.url}/public/${logo!.id}/logo/logo.png`);
      await sql`update media_files set expires_at = now() where id = ${logo!.id}`;
      expect(await publicStatus()).toBe(200);
      await setLogo(manager, companyId, await somePng());
      expect(await logoFiles(companyId)).toMatchObject([{ deleted: true }, { deleted: false, used: true }]);
      expect(await publicStatus()).toBe(410);
    });

    it("costs the list of companies one statement, whatever their number", async () => {
      await Promise.all(Array.from({ length: 4 }, () => world.newCompany()));
      const cost = (first: number) =>
        countStatements(statements, async () => {
          const answer = await world.server.gql(
            CompaniesWithLogosDocument,
            { first },
            world.people.admin.token,
          );
          expect(answer.data!.companies.nodes).toHaveLength(first);
        });
      expect(await cost(1)).toBe(await cost(6));
      expect(statements.filter((statement) => statement.includes("media_usages"))).toHaveLength(1);
    });

    it("is null for everybody as long as it is not rendered, and for a company without one", async () => {
      const companyId = await world.newCompany();
      const { sql } = world.server.database;
      const [company] = await sql`select slug, name from companies where id = ${companyId}`;
      const nothing = { logoUrl: null, logoThumbnailUrl: null, faviconUrl: null };
      const seen = async () =>
        (await world.server.gql(CompanyBrandingDocument, { slug: company!.slug })).data?.companyBranding;
      expect(await seen()).toMatchObject({ ...company, ...nothing });
      const { data } = await setLogo(world.people.manager, companyId, await somePng());
      expect(data!.setCompanyLogo).toMatchObject(nothing);
    });
  });
});
