import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { GraphQLObjectType } from "graphql";
import { ApiKeyScope } from "../../src/modules/identity/viewer.js";
import type { TestKey } from "../support/api-keys.js";
import { createKey } from "../support/api-keys.js";
import { makePng } from "../support/make-files.js";
import { outcomeOf, textOf } from "../support/outsider-answers.js";
import { clientOf } from "../support/own-events.js";
import type { RootType } from "../support/schema-operations.js";
import { operationOn, postOperation, publishedSchema } from "../support/schema-operations.js";
import { startUpload } from "../support/staged-uploads.js";
import { bearer } from "../support/test-client.js";
import { textFile } from "../support/ticket-world.js";
import type { WalkedWorld } from "../support/walked-world.js";
import { startWalkedWorld } from "../support/walked-world.js";
import type { Outside } from "../support/walker-reach.js";
import { walkersOf } from "../support/walker-reach.js";
import type { KeyScene, RightsRow } from "./api-key-rights.js";
import { whatKeysMay, whatUploadersMay } from "./api-key-rights.js";
import { whatOutsidersAreTold } from "./outsider-visibility.js";

const ROOTS = ["Query", "Mutation", "Subscription"] as const;
const SCOPES = Object.values(ApiKeyScope);

let world: WalkedWorld;
let outside: Outside;
let keys: Readonly<Record<ApiKeyScope, TestKey>>;

type Args = Readonly<Record<string, unknown>>;

const url = () => world.server.url;

async function upload(token: string, companyId: string): Promise<string> {
  const args = { input: { companyId, bucket: "ATTACHMENTS", file: textFile() } };
  const { data, errors } = await postOperation(
    url(),
    operationOn("Mutation", "uploadMedia", args),
    args,
    token,
  );
  if (errors) throw new Error(JSON.stringify(errors));
  return (data!.told as { id: string }).id;
}

/** New files for each attempt: what one does is not in the way of the next. */
async function sceneFor(scope: ApiKeyScope): Promise<KeyScene> {
  const { acme, server } = world;
  const { token: manager } = await server.signInAs("manager@acme.test");
  const companyId = acme.id;
  const { token } = keys[scope];
  const begun = { companyId, bucket: "PUBLIC_PAGES" as const, fileName: "page.png", size: 9 };
  const mediaFileId = () => upload(manager, companyId);
  return {
    companyId,
    mediaFileId,
    ownFileId: () => upload(token, companyId),
    async deletedFileId() {
      const id = await mediaFileId();
      await server.gql("mutation ($id: ID!) { deleteMediaFile(id: $id) { id } }", { id }, manager);
      return id;
    },
    ownUploadId: async () => (await startUpload({ url: url(), token }, begun)).id,
    picture: async () =>
      new File([new Uint8Array(await makePng({ width: 90, height: 80 }))], "logo.png", { type: "image/png" }),
  };
}

/** All that people of the company have, or the things that the row is about. */
async function attemptsOf(
  root: RootType,
  field: string,
  { args }: RightsRow,
  scope: ApiKeyScope,
): Promise<Args[]> {
  if (args) return [await args(await sceneFor(scope))];
  return [...whatOutsidersAreTold[root][field]!.args(outside)];
}

async function told(root: RootType, field: string, args: Args, token: string): Promise<string> {
  if (root === "Subscription") return toldToFollower(field, args, token);
  const answer = await postOperation(url(), operationOn(root, field, args), args, token);
  const outcome = outcomeOf(answer);
  if (outcome === "null" || outcome === "empty" || answer.errors) return outcome;
  return answer.data?.told === undefined ? textOf(answer) : "ok";
}

/** By websocket; "ok" for an event, of which every topic has one. */
function toldToFollower(field: string, variables: Args, token: string): Promise<string> {
  return new Promise((resolve) => {
    const client = clientOf(world.server, { token });
    const done = (outcome: string) => {
      resolve(outcome);
      void client.dispose();
    };
    client.subscribe(
      { query: operationOn("Subscription", field, variables), variables: { ...variables } },
      {
        next: () => done("ok"),
        error: (errors) => done(String((errors as { extensions: { code: string } }[])[0]?.extensions.code)),
        complete: () => done("completed"),
      },
    );
  });
}

async function faultsOf(
  [root, field]: readonly [RootType, string],
  row: RightsRow,
  scope: ApiKeyScope,
): Promise<string[]> {
  const expected = row.outcome[scope];
  const faults: string[] = [];
  for (const args of await attemptsOf(root, field, row, scope)) {
    const outcome = await told(root, field, args, keys[scope].token);
    if (outcome !== expected) faults.push(`${field} ${JSON.stringify(args)}: ${outcome}, not ${expected}`);
  }
  return faults;
}

describe("the rights of API keys", () => {
  beforeAll(async () => {
    world = await startWalkedWorld();
    outside = (await walkersOf(world)).find(({ name }) => name === "nobody")!.outside;
    const { token } = await world.server.signInAs("manager@acme.test");
    const made = SCOPES.map(async (scope) => [
      scope,
      await createKey(world.server, token, { companyId: world.acme.id, scopes: [scope] }),
    ]);
    keys = Object.fromEntries(await Promise.all(made));
  }, 60_000);

  afterAll(() => world?.close());

  it.each(ROOTS)("are written down for every field of %s", (root) => {
    const { fields } = (publishedSchema.getType(root) as GraphQLObjectType).toConfig();
    expect(Object.keys(whatKeysMay[root]).sort()).toEqual(Object.keys(fields).sort());
  });

  it("reach no file of a ticket, a conversation or a person, by no list, event or address", async () => {
    const { server, acme } = world;
    const { token } = await createKey(server, (await server.signInAs("manager@acme.test")).token, {
      companyId: acme.id,
      scopes: SCOPES,
    });
    const personal = await server.database.sql<{ id: string }[]>`
      select distinct media_file_id as id from media_usages
      where company_id = ${acme.id} and resource_type in ('attachment', 'user', 'photo', 'photo-series', 'video-clip')
      union select media_file_id from attachments where company_id = ${acme.id}`;
    expect(personal.length).toBeGreaterThan(10);
    const deleted = { id: await upload(token, acme.id) };
    await server.gql("mutation ($id: ID!) { deleteMediaFile(id: $id) { id } }", deleted, token);
    const list = `query ($id: ID!, $isDeleted: Boolean) {
      mediaFiles(companyId: $id, filter: { isDeleted: $isDeleted }, first: 100) { totalCount nodes { id } } }`;
    type Listed = { mediaFiles: { totalCount: number; nodes: { id: string }[] } };
    for (const isDeleted of [false, true]) {
      const { data } = await server.gql<Listed>(list, { id: acme.id, isDeleted }, token);
      const shown = new Set(data!.mediaFiles.nodes.map(({ id }) => id));
      expect(shown.size).toBeGreaterThan(0);
      expect(data!.mediaFiles.totalCount).toBe(shown.size);
      expect(personal.filter(({ id }) => shown.has(id))).toEqual([]);
    }
    for (const { id } of personal) {
      const { data } = await server.gql("query ($id: ID!) { mediaFile(id: $id) { id } }", { id }, token);
      expect(data).toEqual({ mediaFile: null });
      expect((await fetch(`${url()}/files/${id}/a.png`, { headers: bearer(token) })).status).toBe(404);
    }
  });

  describe.each(SCOPES)("of a key with the scope %s", (scope) => {
    it.each(ROOTS)(
      "are those of the table, by every %s",
      async (root) => {
        const faults: string[] = [];
        for (const [field, row] of Object.entries(whatKeysMay[root]))
          faults.push(...(await faultsOf([root, field], row, scope)));
        expect(faults).toEqual([]);
        expect(world.faults).toEqual([]);
      },
      60_000,
    );
  });

  it("let a key that may only upload see its own files, say where they are used, and change none", async () => {
    const faults: string[] = [];
    for (const [name, row] of Object.entries(whatUploadersMay)) {
      const [root, field] = name.split(".") as [RootType, string];
      faults.push(...(await faultsOf([root, field], row, "UPLOAD")));
    }
    expect(faults).toEqual([]);
  });

  it("include nothing of another company", async () => {
    const { server, acme, globex } = world;
    const { token } = await createKey(server, (await server.signInAs("manager@acme.test")).token, {
      companyId: acme.id,
      scopes: SCOPES,
    });
    expect(await told("Query", "mediaFiles", { companyId: globex.id }, token)).toBe("NOT_FOUND");
    expect(await told("Query", "company", { id: globex.id }, token)).toBe("null");
    const input = { companyId: globex.id, bucket: "ATTACHMENTS", file: textFile() };
    expect(await told("Mutation", "uploadMedia", { input }, token)).toBe("NOT_FOUND");
  });
});
