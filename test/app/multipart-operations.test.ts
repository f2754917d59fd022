import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { brokenPromises, filesUnder, strayFiles } from "../support/inventory.js";
import { postParts } from "../support/post-files.js";
import { codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const MIB = 1024 ** 2;

let folder: string;
let world: TicketWorld;
let ticketId: string;

/** More than what is on its way at any time. */
const someText = (bytes = 2.5 * MIB) => randomBytes(bytes / 2).toString("hex");

interface Told {
  readonly [alias: string]: readonly {
    readonly id: string;
    readonly mediaFile: { readonly sha256: string };
  }[];
}

const send = (
  query: string,
  variables: object,
  map: Readonly<Record<string, readonly string[]>>,
  contents: readonly string[],
) =>
  postParts<Told>(world.server.url, {
    query,
    variables,
    map,
    files: contents.map((content, n) => ({ name: `${n}.txt`, bytes: Buffer.from(content) })),
    token: world.people.requester.token,
  });

const attach = (alias: string, files: string, ticket = "$ticket") =>
  `${alias}: uploadTicketAttachments(input: { ticketId: ${ticket}, files: ${files} }) { id mediaFile { sha256 } }`;
const OPERATION = "mutation ($ticket: ID!, $a: Upload!, $b: Upload!)";
const MAP = { "0": ["variables.a"], "1": ["variables.b"] };
const variables = () => ({ ticket: ticketId, a: null, b: null });

describe("multipart operations", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-operations-"));
    const buckets = join(folder, "buckets.json");
    await writeFile(buckets, JSON.stringify({ ATTACHMENTS: { maxBytes: 3 * MIB } }));
    world = await startTicketWorld({ env: { BUCKETS_FILE: buckets } });
    const companyId = await world.newCompany();
    ticketId = (await world.openTicket(world.people.requester, { companyId })).id;
  });

  afterEach(async () => {
    const { database, dataFolder } = world.server;
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  });

  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true });
  });

  it("reads files in the order of the mutations, whatever the order in which they are sent", async () => {
    const query = `${OPERATION} { ${attach("second", "[$b]")} ${attach("first", "[$a]")} }`;
    const told = await send(query, variables(), MAP, [someText(), someText()]);
    expect(codeIn(told)).toBe("ok");
    expect(told.data!.second![0]!.mediaFile.sha256).not.toBe(told.data!.first![0]!.mediaFile.sha256);
  });

  it("counts of a request with several mutations only the files of each against what one may send", async () => {
    const query = `${OPERATION} { ${attach("first", "[$a]")} ${attach("second", "[$b]")} }`;
    // Together more than one file may have.
    expect(codeIn(await send(query, variables(), MAP, [someText(2.9 * MIB), someText(2.9 * MIB)]))).toBe(
      "ok",
    );
  });

  it("makes two attachments of a part with two places, which share their bytes", async () => {
    const map = { "0": ["variables.files.0", "variables.files.1"] };
    const query = `mutation ($ticket: ID!, $files: [Upload!]!) { ${attach("both", "$files")} }`;
    const stored = async () => (await filesUnder(join(world.server.dataFolder, "files"))).length;
    const before = await stored();
    const told = await send(query, { ticket: ticketId, files: [null, null] }, map, [someText(2 * MIB)]);
    const [first, second] = told.data!.both!;
    expect(first!.id).not.toBe(second!.id);
    expect(first!.mediaFile).toEqual(second!.mediaFile);
    expect(await stored()).toBe(before + 1);
  });

  it("makes them in two mutations as well", async () => {
    const map = { "0": ["variables.a", "variables.b"] };
    const query = `${OPERATION} { ${attach("second", "[$b]")} ${attach("first", "[$a]")} }`;
    const told = await send(query, variables(), map, [someText(2 * MIB)]);
    expect(codeIn(told)).toBe("ok");
    expect(told.data!.first![0]!.mediaFile).toEqual(told.data!.second![0]!.mediaFile);
  });

  it("says how to use a file twice to who names its variable twice", async () => {
    const query = `mutation ($ticket: ID!, $a: Upload!) { ${attach("first", "[$a]")} ${attach("second", "[$a]")} }`;
    const told = await send(query, { ticket: ticketId, a: null }, { "0": ["variables.a"] }, ["x"]);
    expect(told.errors).toMatchObject([
      {
        path: ["second"],
        message: expect.stringContaining("give its part a path for each use in `map`"),
        extensions: { code: "BAD_USER_INPUT" },
      },
    ]);
  });
});
