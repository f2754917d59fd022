import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  CompanyBrandingDocument,
  CreateCompanyDocument,
  DeleteMediaFileDocument,
  RemoveCompanyBackgroundDocument,
  SetCompanyBackgroundDocument,
  UpdateCompanyDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { makeJpeg, makePng } from "../../../support/make-files.js";
import { renderPending } from "../../../support/render-pending.js";
import { codeIn, codeOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import type { TicketWorld } from "../../../support/ticket-world.js";
import { startTicketWorld } from "../../../support/ticket-world.js";

let world: TicketWorld;
let made = 0;

const picture = async (width = 60) =>
  new File([new Uint8Array(await makePng({ width: width + ++made, height: 40 }))], "picture.png");

const update = ({ client }: SignedIn, input: { id: string } & Record<string, unknown>) =>
  client.mutate({ mutation: UpdateCompanyDocument, variables: { input } });
const create = ({ client }: SignedIn, input: Record<string, unknown> & { slug: string; name: string }) =>
  client.mutate({ mutation: CreateCompanyDocument, variables: { input } });
const setBackground = (
  { client }: SignedIn,
  companyId: string,
  background: "LOGIN" | "NAVIGATION",
  file: File,
) =>
  client.mutate({
    mutation: SetCompanyBackgroundDocument,
    variables: { input: { companyId, background, file } },
  });

/** As everybody sees it: nobody is signed in. */
const branding = async (slug: string) =>
  (await world.server.gql(CompanyBrandingDocument, { slug })).data!.companyBranding;

const newCompany = async () => {
  const id = await world.newCompany();
  const [row] = await world.server.database.sql<
    { slug: string }[]
  >`select slug from companies where id = ${id}`;
  return { id, slug: row!.slug };
};

const trailOf = async (companyId: string) =>
  (
    await world.server.database.sql`
      select action from audit_log where company_id = ${companyId} and action like 'company.%' order by id`
  ).map(({ action }) => action as string);

const filesOf = async (companyId: string) => [
  ...(await world.server.database.sql<{ id: string; deleted: boolean }[]>`
    select id, deleted_at is not null as deleted from media_files where company_id = ${companyId} order by id`),
];

describe("branding of a company", () => {
  beforeAll(async () => {
    world = await startTicketWorld();
  });

  afterAll(async () => {
    const { database, dataFolder } = world.server;
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
    await world.close();
  });

  describe("colours", () => {
    it("are set and removed by managers, and read by everybody", async () => {
      const { manager, agent } = world.people;
      const { id, slug } = await newCompany();
      await update(manager, { id, loginBackgroundColor: "#1B3a5C", navigationBackgroundColor: "#000000" });
      expect(await branding(slug)).toMatchObject({
        loginBackgroundColor: "#1b3a5c",
        navigationBackgroundColor: "#000000",
      });
      await update(manager, { id, loginBackgroundColor: null, name: "Renamed" });
      expect(await branding(slug)).toMatchObject({
        name: "Renamed",
        loginBackgroundColor: null,
        navigationBackgroundColor: "#000000",
      });
      expect(await codeOf(update(agent, { id, loginBackgroundColor: "#ffffff" }))).toBe("FORBIDDEN");
      for (const color of ["red", "#fff", "#12345g", "url(https://x.test)", "#1234567", ""])
        expect([color, await codeOf(update(manager, { id, loginBackgroundColor: color }))]).toEqual([
          color,
          "BAD_USER_INPUT",
        ]);
    });
  });

  describe("backgrounds", () => {
    it("are public once they are rendered, each by itself, and gone when they are removed", async () => {
      const { manager } = world.people;
      const { id, slug } = await newCompany();
      await setBackground(manager, id, "LOGIN", await picture(2_000));
      expect(await branding(slug)).toMatchObject({ loginBackgroundUrl: null });
      await setBackground(manager, id, "NAVIGATION", await picture());
      await renderPending(world.server);
      const shown = (await branding(slug))!;
      expect(shown.logoUrl).toBeNull();
      const urls = [shown.loginBackgroundUrl!, shown.navigationBackgroundUrl!];
      expect(new Set(urls).size).toBe(2);
      for (const url of urls) {
        const response = await fetch(url);
        expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
        await response.arrayBuffer();
      }
      const variables = { companyId: id, background: "LOGIN" } as const;
      const answer = await world.server.gql(RemoveCompanyBackgroundDocument, variables, manager.token);
      expect(answer.data!.removeCompanyBackground).toEqual({
        id,
        loginBackgroundUrl: null,
        navigationBackgroundUrl: urls[1],
      });
      const gone = await fetch(urls[0]!);
      expect(gone.status).toBe(410);
      await gone.arrayBuffer();
      expect(await trailOf(id)).toEqual([
        "company.created",
        "company.login-background-set",
        "company.navigation-background-set",
        "company.login-background-removed",
      ]);
    });

    it("replace the one before, whose file is deleted, and are not deleted while they are shown", async () => {
      const { manager } = world.people;
      const { id } = await newCompany();
      await setBackground(manager, id, "LOGIN", await picture());
      await setBackground(manager, id, "LOGIN", await picture());
      const files = await filesOf(id);
      expect(files.map(({ deleted }) => deleted)).toEqual([true, false]);
      const deletion = await world.server.gql(DeleteMediaFileDocument, { id: files[1]!.id }, manager.token);
      expect(codeIn(deletion)).toBe("CONFLICT");
    });

    it("are set by managers alone, and are pictures", async () => {
      const { agent, customer, outsideManager, manager } = world.people;
      const { id } = await newCompany();
      for (const [by, code] of [
        [agent, "FORBIDDEN"],
        [customer, "FORBIDDEN"],
        [outsideManager, "NOT_FOUND"],
      ] as const)
        expect(await codeOf(setBackground(by, id, "LOGIN", await picture()))).toBe(code);
      const text = new File(["not a picture"], "page.txt");
      expect(await codeOf(setBackground(manager, id, "LOGIN", text))).toBe("UNSUPPORTED_FILE_TYPE");
      expect(await filesOf(id)).toEqual([]);
    });
  });

  describe("a company", () => {
    it.each([
      ["a slug with blanks", { slug: "Not A Slug", name: "A" }],
      ["a long name", { slug: "a", name: "x".repeat(201) }],
      ["no name", { slug: "a", name: " " }],
    ])("is not created with %s", async (_what, input) => {
      expect(await codeOf(create(world.people.admin, input))).toBe("BAD_USER_INPUT");
    });
  });

  describe("a logo with the other changes", () => {
    it("comes with a new company", async () => {
      const { admin } = world.people;
      const slug = `with-logo-${++made}`;
      const logo = new File([new Uint8Array(await makeJpeg({ width: 500, height: 300 }))], "logo.jpg");
      const { data } = await create(admin, {
        slug,
        name: "With a logo",
        logo,
        loginBackgroundColor: "#102030",
      });
      const { id } = data!.createCompany;
      await renderPending(world.server);
      expect(await branding(slug)).toMatchObject({
        name: "With a logo",
        logoUrl: expect.stringContaining("/logo/logo.jpg"),
        loginBackgroundColor: "#102030",
      });
      expect(await trailOf(id)).toEqual(["company.created", "company.logo-set"]);
    });

    it("makes no company if it is refused, and is not stored if the slug is taken", async () => {
      const { admin, manager } = world.people;
      const { slug: taken } = await newCompany();
      const slug = `no-logo-${++made}`;
      const broken = new File([new Uint8Array(await makePng()).subarray(0, 200)], "logo.png");
      expect(await codeOf(create(admin, { slug, name: "None", logo: broken }))).toBe("CORRUPT_FILE");
      expect(await branding(slug)).toBeNull();
      const refused = create(admin, { slug: taken, name: "None", logo: await picture() });
      expect(await codeOf(refused)).toBe("CONFLICT");
      expect(await codeOf(create(manager, { slug, name: "None", logo: await picture() }))).toBe("FORBIDDEN");
    });

    it("comes with a change of a company, all or nothing", async () => {
      const { manager } = world.people;
      const { id, slug } = await newCompany();
      const { slug: taken } = await newCompany();
      await update(manager, { id, name: "Shown", logo: await picture() });
      await renderPending(world.server);
      const { logoUrl, name } = (await branding(slug))!;
      expect([name, logoUrl === null]).toEqual(["Shown", false]);
      expect(await codeOf(update(manager, { id, slug: taken, logo: await picture() }))).toBe("CONFLICT");
      const both = { id, logo: await picture(), logoStagedUploadId: id };
      expect(await codeOf(update(manager, both))).toBe("BAD_USER_INPUT");
      const text = new File(["not a picture"], "logo.txt");
      expect(await codeOf(update(manager, { id, name: "Never", logo: text }))).toBe("UNSUPPORTED_FILE_TYPE");
      expect(await branding(slug)).toMatchObject({ name: "Shown", logoUrl });
    });
  });
});
