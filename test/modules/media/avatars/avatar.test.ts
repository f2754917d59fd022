import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../../../src/app/demo/demo-people.js";
import { RemoveAvatarDocument, SetAvatarDocument } from "../../../support/generated/operations.js";
import { brokenPromises, strayFiles } from "../../../support/inventory.js";
import { makeGif, makeJpeg, makePng } from "../../../support/make-files.js";
import { codeIn, codeOf, createClient, failureOf } from "../../../support/test-client.js";
import type { SignedIn, TestServer } from "../../../support/test-server.js";
import { startTestServer } from "../../../support/test-server.js";
import { downloadStatus } from "../../../support/ticket-world.js";

type Role = "CUSTOMER" | "AGENT" | "MANAGER";

let server: TestServer;
let admin: SignedIn;
let made = 0;

/** As an administrator; the test fails when it is refused. */
async function administer<Data>(query: string, variables: object): Promise<Data> {
  const answer = await server.gql<Data>(query, variables as Record<string, unknown>, admin.token);
  expect(codeIn(answer)).toBe("ok");
  return answer.data!;
}

async function newCompany(): Promise<string> {
  const { createCompany } = await administer<{ createCompany: { id: string } }>(
    `mutation ($slug: String!) { createCompany(input: { slug: $slug, name: $slug }) { id } }`,
    { slug: `office-${++made}` },
  );
  return createCompany.id;
}

async function newPerson(): Promise<SignedIn> {
  const email = `person${++made}@example.test`;
  const input = { email, name: "Some Body", password: DEMO_PASSWORD };
  await administer(`mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`, { input });
  return server.signInAs(email);
}

const join = (person: SignedIn, companyId: string, role: Role = "CUSTOMER") =>
  administer(`mutation ($input: SetMembershipInput!) { setMembership(input: $input) { id } }`, {
    input: { companyId, email: person.email, role },
  });

const leave = (person: SignedIn, companyId: string) =>
  administer(`mutation ($input: RemoveMembershipInput!) { removeMembership(input: $input) { id } }`, {
    input: { companyId, userId: person.id },
  });

async function newMember(companyId: string, role?: Role): Promise<SignedIn> {
  const person = await newPerson();
  await join(person, companyId, role);
  return person;
}

const asFile = (bytes: Buffer, name = "me.png") => new File([new Uint8Array(bytes)], name);
const someFace = async () => asFile(await makePng({ width: 128, height: 128 }));

const setAvatar = (person: SignedIn | null, file: File) =>
  createClient(server.url, person?.token).mutate({ mutation: SetAvatarDocument, variables: { file } });

const removeAvatar = (person?: SignedIn) => server.gql(RemoveAvatarDocument, {}, person?.token);

/** The files that a person has uploaded as avatars, the oldest first. */
const avatarFiles = (person: SignedIn) => server.database.sql<
  { id: string; companyId: string; deleted: boolean; used: boolean }[]
>`
  select f.id, f.company_id as "companyId", f.deleted_at is not null as deleted,
    exists (select from media_usages u where u.media_file_id = f.id and u.resource_type = 'user'
      and u.resource_id = ${person.id} and u.field_name = 'avatar') as used
  from media_files f where f.uploader_id = ${person.id} and f.bucket = 'AVATARS' order by f.id`;

async function withAvatar(person: SignedIn): Promise<string> {
  await setAvatar(person, await someFace());
  const file = (await avatarFiles(person)).find(({ used }) => used);
  return `${server.url}/files/${file!.id}/me.png`;
}

const statuses = async (url: string, people: readonly (SignedIn | undefined)[]) =>
  Promise.all(people.map((person) => downloadStatus(url, person)));

describe("avatar", () => {
  beforeAll(async () => {
    server = await startTestServer();
    admin = await server.signInAs("admin@filedesk.test");
  });

  afterAll(async () => {
    expect(await brokenPromises(server.database.sql, server.dataFolder)).toEqual([]);
    expect(await strayFiles(server.database.sql, server.dataFolder)).toEqual([]);
    await server.close();
  });

  describe("who may see an avatar", () => {
    let company: string;
    let other: string;
    beforeEach(async () => {
      company = await newCompany();
      other = await newCompany();
    });

    it("is whoever shares a company with the person, and nobody else", async () => {
      const person = await newMember(company);
      const url = await withAvatar(person);
      const roles: Role[] = ["CUSTOMER", "AGENT", "MANAGER"];
      const colleagues = await Promise.all(roles.map((role) => newMember(company, role)));
      const strangers = await Promise.all(roles.map((role) => newMember(other, role)));
      expect(await statuses(url, [person, ...colleagues, admin])).toEqual([200, 200, 200, 200, 200]);
      expect(await statuses(url, [...strangers, await newPerson(), undefined])).toEqual([
        404, 404, 404, 404, 401,
      ]);
    });

    it("are the people of all companies of somebody who belongs to several, whichever keeps the file", async () => {
      const agent = await newMember(company, "AGENT");
      await join(agent, other, "AGENT");
      const url = await withAvatar(agent);
      expect(await avatarFiles(agent)).toMatchObject([{ companyId: company }]);
      const [here, there, nowhere] = [
        await newMember(company),
        await newMember(other),
        await newMember(await newCompany()),
      ];
      expect(await statuses(url, [here, there, nowhere])).toEqual([200, 200, 404]);

      await leave(agent, other);
      expect(await statuses(url, [here, there, agent])).toEqual([200, 404, 200]);
    });

    it("ends when the company that was shared is deleted, and comes back with it", async () => {
      const agent = await newMember(company, "AGENT");
      await join(agent, other, "AGENT");
      const url = await withAvatar(agent);
      const there = await newMember(other);
      await administer(`mutation ($id: ID!) { deleteCompany(id: $id) { id } }`, { id: other });
      expect(await statuses(url, [there, agent])).toEqual([404, 200]);
      await administer(`mutation ($id: ID!) { restoreCompany(id: $id) { id } }`, { id: other });
      expect(await statuses(url, [there, agent])).toEqual([200, 200]);
      // What the deleted company keeps is as gone as the company, until it comes back.
      await administer(`mutation ($id: ID!) { deleteCompany(id: $id) { id } }`, { id: company });
      expect(await statuses(url, [there, agent, admin])).toEqual([404, 404, 404]);
    });
  });

  describe("an avatar", () => {
    it("is set and removed by anybody who is signed in, for themselves", async () => {
      expect(await codeOf(setAvatar(null, await someFace()))).toBe("UNAUTHENTICATED");
      expect(codeIn(await removeAvatar())).toBe("UNAUTHENTICATED");
      const company = await newCompany();
      for (const role of ["CUSTOMER", "AGENT", "MANAGER"] as const) {
        const person = await newMember(company, role);
        const { data } = await setAvatar(person, await someFace());
        expect(data!.setAvatar).toMatchObject({ id: person.id, avatarUrl: null, avatarThumbnailUrl: null });
        const [avatar] = await avatarFiles(person);
        expect(codeIn(await removeAvatar(person))).toBe("ok");
        expect(await downloadStatus(`${server.url}/files/${avatar!.id}/me.png`, person)).toBe(410);
      }
    });

    it("is refused with what to do to who belongs to no company", async () => {
      for (const person of [admin, await newPerson()]) {
        const failure = await failureOf(setAvatar(person, await someFace()));
        expect(failure!.extensions).toMatchObject({ code: "CONFLICT", status: 409 });
        expect(failure!.message).toMatch(/belong to none.*member/);
        expect(await avatarFiles(person)).toEqual([]);
        expect(codeIn(await removeAvatar(person))).toBe("ok");
      }
    });

    it("releases the old file when it is replaced, and the last one when it is removed", async () => {
      const person = await newMember(await newCompany());
      await setAvatar(person, await someFace());
      await setAvatar(person, await someFace());
      expect(await avatarFiles(person)).toMatchObject([
        { deleted: true, used: false },
        { deleted: false, used: true },
      ]);
      await removeAvatar(person);
      await removeAvatar(person);
      expect(await avatarFiles(person)).toMatchObject([
        { deleted: true, used: false },
        { deleted: true, used: false },
      ]);
      const audit = await server.database.sql`
      select action from audit_log where subject_id = ${person.id} and action like 'user.avatar-%' order by id`;
      expect(audit.map(({ action }) => action)).toEqual([
        "user.avatar-set",
        "user.avatar-set",
        "user.avatar-removed",
      ]);
    });

    it("goes with the membership of the company that keeps it, and is kept by the next one then", async () => {
      const [company, other] = [await newCompany(), await newCompany()];
      const person = await newMember(company);
      await join(person, other);
      const url = await withAvatar(person);
      await leave(person, company);
      expect(await avatarFiles(person)).toMatchObject([{ companyId: company, deleted: true, used: false }]);
      expect(await statuses(url, [person, await newMember(company), await newMember(other)])).toEqual([
        404, 404, 404,
      ]);
      await setAvatar(person, await someFace());
      expect(await avatarFiles(person)).toMatchObject([
        { companyId: company },
        { companyId: other, used: true },
      ]);
    });

    it("is one when ten are set at once, and the others are released", async () => {
      const person = await newMember(await newCompany());
      const faces = await Promise.all(Array.from({ length: 10 }, someFace));
      const codes = await Promise.all(faces.map((face) => codeOf(setAvatar(person, face))));
      expect(codes).toEqual(Array(10).fill("ok"));
      const rows = await avatarFiles(person);
      expect(rows.filter(({ used }) => used)).toMatchObject([{ deleted: false }]);
      expect(rows.filter(({ deleted }) => deleted)).toHaveLength(9);
    });

    it("never stays behind with a company that its person leaves while it is being set", async () => {
      const company = await newCompany();
      for (let round = 0; round < 20; round++) {
        const person = await newMember(company);
        const face = await someFace();
        const [code] = await Promise.all([codeOf(setAvatar(person, face)), leave(person, company)]);
        expect(["ok", "CONFLICT"]).toContain(code);
        expect((await avatarFiles(person)).filter(({ used, deleted }) => used || !deleted)).toEqual([]);
      }
    });

    it.each<[string, () => Promise<File> | File, string]>([
      ["a GIF", async () => asFile(await makeGif(), "me.gif"), "UNSUPPORTED_FILE_TYPE"],
      [
        "an SVG image",
        () => asFile(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), "me.svg"),
        "UNSUPPORTED_FILE_TYPE",
      ],
      [
        "HTML that calls itself a PNG",
        () => asFile(Buffer.from("<!doctype html><p>Me</p>")),
        "UNSUPPORTED_FILE_TYPE",
      ],
      [
        "a JPEG that calls itself a program",
        async () => asFile(await makeJpeg(), "me.exe"),
        "FILE_TYPE_MISMATCH",
      ],
      ["6 MiB", () => asFile(Buffer.alloc(6 * 1024 * 1024, 1)), "FILE_TOO_LARGE"],
      ["nothing", () => asFile(Buffer.alloc(0)), "CORRUPT_FILE"],
    ])("is not %s, and the one that was there stays", async (_what, file, code) => {
      const person = await newMember(await newCompany());
      await setAvatar(person, await someFace());
      expect(await codeOf(setAvatar(person, await file()))).toBe(code);
      expect(await avatarFiles(person)).toMatchObject([{ deleted: false, used: true }]);
    });
  });
});
