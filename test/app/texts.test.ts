import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { ChatWorld } from "../support/chat-world.js";
import { startChatWorld } from "../support/chat-world.js";
import { SignInDocument } from "../support/generated/operations.js";
import { fileOf, uploadMedia } from "../support/library-world.js";
import { codeIn } from "../support/test-client.js";

/** As a PC writes it, and as a Mac does. */
const COMPOSED = "Müller";
const DECOMPOSED = "Mu\u0308ller";

let world: ChatWorld;
let companyId: string;

/** Texts that programs make: they are what they are, letter by letter. */
const FOR_PROGRAMS: ReadonlySet<string> = new Set([
  ...["slug", "token", "refreshToken", "after", "before", "clientId", "mimeType", "sha256"],
  ...["resourceType", "fieldName", "subjectType", "password", "currentPassword", "newPassword"],
  ...["url", "secret"],
  ...["loginBackgroundColor", "navigationBackgroundColor"],
  // Has rules of its own: see `fittingName`.
  "fileName",
]);

type Class = abstract new () => object;

interface WrittenField {
  readonly name: string;
  getType(): unknown;
}

interface Metadata {
  readonly inputTypes: readonly { readonly target: Class; readonly fields: readonly WrittenField[] }[];
  readonly argumentTypes: Metadata["inputTypes"];
  readonly params: readonly ({ readonly kind: string } & WrittenField)[];
}

/** What type-graphql and class-validator were told by decorators. */
const { TypeGraphQLMetadataStorage: written, classValidatorMetadataStorage: judged } =
  globalThis as never as {
    TypeGraphQLMetadataStorage: Metadata;
    classValidatorMetadataStorage: {
      validationMetadatas: ReadonlyMap<Class, readonly { propertyName: string; name?: string }[]>;
    };
  };

const isText = ({ getType }: WrittenField) => getType() === String;

function isRead(target: Class, field: string): boolean {
  const rules = [...judged.validationMetadatas].flatMap(([type, told]) =>
    type === target || target.prototype instanceof type ? told : [],
  );
  return rules.some(({ name, propertyName }) => name === "readText" && propertyName === field);
}

describe("texts", () => {
  beforeAll(async () => {
    world = await startChatWorld();
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  describe("a text that people write", () => {
    it("is read in one form, in whichever input it stands", () => {
      const inputs = [...written.inputTypes, ...written.argumentTypes].flatMap(({ target, fields }) =>
        fields.filter(isText).map(({ name }) => ({ target, name, place: `${target.name}.${name}` })),
      );
      expect(inputs.length).toBeGreaterThan(40);
      const asWritten = inputs.filter(({ target, name }) => !isRead(target, name) && !FOR_PROGRAMS.has(name));
      expect(asWritten.map(({ place }) => place)).toEqual([]);
      const args = written.params
        .filter((param) => param.kind === "arg" && isText(param))
        .map(({ name }) => name);
      // `name` is that of a variant.
      expect(args.filter((name) => !FOR_PROGRAMS.has(name) && name !== "name")).toEqual([]);
    });

    it("is found however it was written, and however it is asked for", async () => {
      const { requester, agent, admin } = world.people;
      const { gql, database } = world.server;
      for (const [index, form] of [COMPOSED, DECOMPOSED].entries()) {
        await world.openTicket(requester, { companyId, subject: `Lamp of ${form}` });
        await world.openTicket(requester, { companyId, description: `It belongs to ${form}.` });
        await uploadMedia(agent, { companyId, file: fileOf(`${form}.txt`, `${index}`) });
        await world.start({ companyId, room: `Room ${form}` });
        const slug = `mueller-${index}`;
        const input = { slug, name: `Hotel ${form}` };
        await gql(
          `mutation ($input: CreateCompanyInput!) { createCompany(input: $input) { id } }`,
          { input },
          admin.token,
        );
        const account = { email: `${slug}@filedesk.test`, name: `Ada ${form}` };
        await gql(
          `mutation ($input: CreateUserInput!) { createUser(input: $input) { id } }`,
          { input: account },
          admin.token,
        );
      }
      const count = async (query: string, search: string, token = agent.token) => {
        const { data } = await gql<{ found: { totalCount: number } }>(query, { search, companyId }, token);
        return data?.found.totalCount;
      };
      for (const search of [COMPOSED, DECOMPOSED, ` ${DECOMPOSED}\u200e\n`]) {
        const counts = [
          await count(
            "query ($search: String) { found: tickets(filter: { search: $search }) { totalCount } }",
            search,
          ),
          await count(
            "query ($search: String, $companyId: ID!) { found: mediaFiles(companyId: $companyId, filter: { search: $search }) { totalCount } }",
            search,
          ),
          await count(
            "query ($search: String) { found: companies(search: $search) { totalCount } }",
            search,
            admin.token,
          ),
          await count(
            "query ($search: String) { found: users(search: $search) { totalCount } }",
            search,
            admin.token,
          ),
          await count(
            "query ($search: String) { found: conversations(filter: { room: $search }) { totalCount } }",
            `Room ${search}`,
          ),
        ];
        expect([search, counts]).toEqual([search, [4, 2, 2, 2, 2]]);
      }
      const literal = '{ found: tickets(filter: { search: "Mu\\u0308ller" }) { totalCount } }';
      expect(await count(literal, "")).toBe(4);
      const rows = await database.sql`select subject from tickets where subject is not nfc normalized
      union all select name from users where name is not nfc normalized
      union all select room from conversations where room is not nfc normalized
      union all select file_name from media_files where file_name is not nfc normalized`;
      expect(rows).toEqual([]);
    });

    it("is one line where it is a line, and keeps its lines where it is prose", async () => {
      const { requester } = world.people;
      const { id } = await world.openTicket(requester, {
        companyId,
        subject: " The \u202elamp\r\n flickers\u00a0",
        description: "Since\n\n  yesterday: Mu\u0308ller\u200f",
      });
      const [row] = await world.server.database
        .sql`select subject, description from tickets where id = ${id}`;
      expect(row).toEqual({
        subject: "The lamp flickers",
        description: "Since\n\n  yesterday: Müller\u200f",
      });
    });

    it.each([
      ["a NUL", "a\0b"],
      ["an escape", "a\u001b[31mb"],
      ["nothing to be seen", " \u200b\u202e "],
      ["too much", "x".repeat(201)],
    ])("is refused with %s in it where it is a line, and says so", async (_what, subject) => {
      const { requester } = world.people;
      const mutation = "mutation ($input: CreateTicketInput!) { createTicket(input: $input) { id } }";
      const { errors } = await world.server.gql(mutation, { input: { companyId, subject } }, requester.token);
      expect(errors).toMatchObject([
        {
          message: expect.stringContaining("subject must be one line of 1 to 200 characters"),
          extensions: { code: "BAD_USER_INPUT", fields: ["subject"] },
        },
      ]);
    });

    it("is judged as it is read: spaces at its ends make it no longer", async () => {
      const { requester } = world.people;
      const subject = `\u200f${" ".repeat(150)}${"x".repeat(200)}`;
      await expect(world.openTicket(requester, { companyId, subject })).resolves.toBeDefined();
    });
  });

  describe("an e-mail address", () => {
    it.each([
      "  agent@acme.test ",
      "Agent@Acme.test\n",
      "\u202aagent@acme.test\u202c",
      `${" ".repeat(300)}agent@acme.test`,
    ])("is trimmed before it is judged: %j", async (email) => {
      const input = { email, password: DEMO_PASSWORD };
      expect(codeIn(await world.server.gql(SignInDocument, { input }))).toBe("ok");
    });

    it("is the same in both forms, for accounts, invitations and memberships", async () => {
      const { admin } = world.people;
      const { gql } = world.server;
      const create = "mutation ($input: CreateUserInput!) { createUser(input: $input) { email } }";
      const input = { email: ` ${DECOMPOSED}@Filedesk.test`, name: "Jo", password: "correct horse battery" };
      expect((await gql(create, { input }, admin.token)).data).toEqual({
        createUser: { email: "müller@filedesk.test" },
      });
      const invite = "mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { email } }";
      const asked = { companyId, email: ` ${COMPOSED}@filedesk.test `, role: "AGENT" };
      expect((await gql(invite, { input: asked }, admin.token)).data).toEqual({
        inviteMember: { email: "müller@filedesk.test" },
      });
      const set =
        "mutation ($input: SetMembershipInput!) { setMembership(input: $input) { user { email } } }";
      expect(codeIn(await gql(set, { input: asked }, admin.token))).toBe("ok");
      const signedIn = await gql(SignInDocument, { input: { email: input.email, password: input.password } });
      expect(codeIn(signedIn)).toBe("ok");
    });
  });

  describe("an account that is made by a command", () => {
    it("has a name and an address in the same form", async () => {
      const { operatorAccounts } = world.server.services;
      const asked = {
        email: " \u202aOpal@Filedesk.test\n",
        name: " O\u0308pal \u202e\n Lamp",
        isAdmin: false,
      };
      expect(await operatorAccounts.create(asked)).toMatchObject({
        email: "opal@filedesk.test",
        name: "Öpal Lamp",
      });
      for (const name of ["\u200b", "a\u001bb", "x".repeat(201)])
        await expect(
          operatorAccounts.create({ ...asked, email: "o@filedesk.test", name }),
        ).rejects.toMatchObject({
          code: "BAD_USER_INPUT",
        });
      const found = [];
      for await (const { email } of operatorAccounts.list({ search: " O\u0308PAL " })) found.push(email);
      expect(found).toEqual(["opal@filedesk.test"]);
    });
  });

  describe("a password", () => {
    it("is good in either form, whichever it was set in", async () => {
      const { admin } = world.people;
      const { gql } = world.server;
      const create = "mutation ($input: CreateUserInput!) { createUser(input: $input) { email } }";
      for (const [index, form] of [COMPOSED, DECOMPOSED].entries()) {
        const account = { email: `form-${index}@filedesk.test`, name: "Jo", password: `${form} has a lamp` };
        await gql(create, { input: account }, admin.token);
        for (const typed of [COMPOSED, DECOMPOSED, "Muller"]) {
          const input = { email: account.email, password: `${typed} has a lamp` };
          const isRight = typed !== "Muller";
          expect(codeIn(await gql(SignInDocument, { input }))).toBe(isRight ? "ok" : "UNAUTHENTICATED");
        }
      }
    });
  });

  describe("texts that were stored before", () => {
    it("are composed by a migration, which leaves all others alone", async () => {
      const { sql } = world.server.database;
      const { requester } = world.people;
      const ticket = await world.openTicket(requester, { companyId });
      const { id } = await uploadMedia(world.people.agent, { companyId });
      await sql`update tickets set subject = ${DECOMPOSED}, description = ${`Of ${DECOMPOSED}`} where id = ${ticket.id}`;
      await sql`update media_files set file_name = ${`${DECOMPOSED}.txt`} where id = ${id}`;
      await sql`insert into users (id, email, name, is_admin) values (gen_random_uuid(), ${`old-${DECOMPOSED.toLowerCase()}@a.test`}, ${DECOMPOSED}, false)`;
      const marks = () => sql`select xmin::text as mark from tickets where id <> ${ticket.id} order by id`;
      const before = await marks();
      await sql.unsafe(await readFile("drizzle/0013_composed_texts.sql", "utf8"));
      expect(await sql`select subject, description from tickets where id = ${ticket.id}`).toEqual([
        { subject: COMPOSED, description: `Of ${COMPOSED}` },
      ]);
      expect(await sql`select file_name from media_files where id = ${id}`).toEqual([
        { file_name: `${COMPOSED}.txt` },
      ]);
      expect(
        await sql`select name from users where email = ${`old-${COMPOSED.toLowerCase()}@a.test`}`,
      ).toEqual([{ name: COMPOSED }]);
      expect(await marks()).toEqual(before);
    });
  });
});
