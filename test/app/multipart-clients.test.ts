import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import type { ClientRequest } from "../support/client-requests.js";
import { CLIENT_REQUESTS, clientBody } from "../support/client-requests.js";
import { createFaultLog } from "../support/fault-log.js";
import { brokenPromises, strayFiles } from "../support/inventory.js";
import { bearer } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const { log, faults } = createFaultLog();

let world: TicketWorld;
let companyId: string;
let folder: string;

const QUERY = `mutation Upload($ticketId: ID!, $files: [Upload!]!) {
  uploadTicketAttachments(input: { ticketId: $ticketId, files: $files }) { fileName mediaFile { size mimeType } }
}`;

interface Answer {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Sends bytes as they are. */
function send(headers: Readonly<Record<string, string>>, body: Buffer, chunked = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(`${world.server.url}/graphql`, {
      method: "POST",
      headers: { ...headers, ...(!chunked && { "content-length": String(body.length) }) },
    });
    sending.once("error", reject).once("response", (response) => {
      json(response).then((told) => resolve({ status: response.statusCode, body: told }), reject);
    });
    if (chunked) for (let at = 0; at < body.length; at += 100) sending.write(body.subarray(at, at + 100));
    sending.end(chunked ? undefined : body);
  });
}

const newTicket = async () => (await world.openTicket(world.people.requester, { companyId })).id;

async function sendAs(request: ClientRequest): Promise<Answer> {
  const { boundary, headers = {}, path = "variables.files.0", chunked } = request;
  const fields = {
    operations: JSON.stringify({
      operationName: "Upload",
      variables: { ticketId: await newTicket(), files: [null] },
      query: QUERY,
    }),
    map: JSON.stringify({ 0: [path] }),
  };
  const type = { "content-type": `multipart/form-data; boundary=${boundary}` };
  const { token } = world.people.requester;
  return send({ ...headers, ...type, ...bearer(token) }, clientBody(request, fields, "hello"), chunked);
}

const BOUNDARY = "abcde";
const TYPE = { "content-type": `multipart/form-data; boundary=${BOUNDARY}` };
type Field = readonly [name: string, content: string, parameters?: string];

/** A form as `FormData` writes it. */
const form = (...fields: readonly Field[]): Buffer =>
  Buffer.from(
    `${fields
      .map(
        ([name, content, parameters = ""]) =>
          `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${parameters}\r\n\r\n${content}\r\n`,
      )
      .join("")}--${BOUNDARY}--\r\n`,
  );
const file = (name: string, content: string, fileName = `${content}.txt`): Field => [
  name,
  content,
  `; filename="${fileName}"\r\nContent-Type: text/plain`,
];

describe("multipart clients", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-clients-"));
    const buckets = join(folder, "buckets.json");
    await writeFile(buckets, JSON.stringify({ ATTACHMENTS: { maxBytes: 2_000_000 } }));
    world = await startTicketWorld({ log, env: { UPLOADS_PER_MINUTE: "1000", BUCKETS_FILE: buckets } });
    companyId = await world.newCompany();
  });

  afterEach(async () => {
    const { database, dataFolder } = world.server;
    expect(await strayFiles(database.sql, dataFolder)).toEqual([]);
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
    expect(faults).toEqual([]);
  });

  afterAll(async () => {
    await world.close();
    await rm(folder, { recursive: true });
  });

  describe("an upload as clients make it", () => {
    it.each(CLIENT_REQUESTS.map((request) => [request.client, request] as const))(
      "%s",
      async (_, request) => {
        expect(await sendAs(request)).toEqual({
          status: 200,
          body: {
            data: {
              uploadTicketAttachments: [
                { fileName: request.stored, mediaFile: { size: 5, mimeType: "text/plain" } },
              ],
            },
          },
        });
      },
    );
  });

  /** What the test suite of graphql-upload sends to its server, and what is right for each here. */
  describe("the requests of graphql-upload's own suite", () => {
    const post = (body: Buffer) => send({ ...TYPE, ...bearer(world.people.requester.token) }, body);
    const ONE =
      "mutation ($t: ID!, $file: Upload!) { uploadTicketAttachments(input: { ticketId: $t, files: [$file] }) { fileName } }";
    const TWO =
      "mutation ($t: ID!, $a: Upload!, $b: Upload!) { a: uploadTicketAttachments(input: { ticketId: $t, files: [$a] }) { fileName } b: uploadTicketAttachments(input: { ticketId: $t, files: [$b] }) { fileName } }";
    const one = async (): Promise<Field> => [
      "operations",
      JSON.stringify({ query: ONE, variables: { t: await newTicket(), file: null } }),
    ];
    const two = async (query = TWO): Promise<Field> => [
      "operations",
      JSON.stringify({ query, variables: { t: await newTicket(), a: null, b: null } }),
    ];
    const MAP: Field = ["map", '{"1":["variables.file"]}'];
    const MAP_OF_TWO: Field = ["map", '{"1":["variables.a"],"2":["variables.b"]}'];
    const names = (...fileNames: string[]) => fileNames.map((fileName) => ({ fileName }));
    const refusal = (message: RegExp, code = "BAD_USER_INPUT", status = 400) => ({
      status,
      body: {
        errors: [
          { message: expect.stringMatching(message), extensions: expect.objectContaining({ code, status }) },
        ],
      },
    });

    it("no files: JSON", async () => {
      const body = Buffer.from(JSON.stringify({ query: "{ __typename }" }));
      expect(await send({ "content-type": "application/json" }, body)).toEqual({
        status: 200,
        body: { data: { __typename: "Query" } },
      });
    });

    it("a single file", async () => {
      expect(await post(form(await one(), MAP, file("1", "a")))).toEqual({
        status: 200,
        body: { data: { uploadTicketAttachments: names("a.txt") } },
      });
    });

    it("a single file, its name in Latin-1's characters", async () => {
      const answer = await post(form(await one(), MAP, file("1", "a", "näme.txt")));
      expect(answer.body).toEqual({ data: { uploadTicketAttachments: names("näme.txt") } });
    });

    it("a single file, its name beyond Latin-1", async () => {
      const answer = await post(form(await one(), MAP, file("1", "a", "你好.txt")));
      expect(answer.body).toEqual({ data: { uploadTicketAttachments: names("你好.txt") } });
    });

    it("a batch, which is not taken: its operations would share one answer's limits", async () => {
      const operations: Field = ["operations", JSON.stringify([{ query: ONE, variables: { file: null } }])];
      const map: Field = ["map", '{"1":["0.variables.file"]}'];
      expect(await post(form(operations, map, file("1", "a")))).toEqual(refusal(/Batched/));
    });

    it("one part in two places", async () => {
      const map: Field = ["map", '{"1":["variables.a","variables.b"]}'];
      expect((await post(form(await two(), map, file("1", "a")))).body).toEqual({
        data: { a: names("a.txt"), b: names("a.txt") },
      });
    });

    it("a file that nobody reads, before one that is read", async () => {
      const query =
        "mutation ($t: ID!, $a: Upload, $b: Upload!) { b: uploadTicketAttachments(input: { ticketId: $t, files: [$b] }) { fileName } c: uploadTicketAttachments(input: { ticketId: $t, files: [$a] }) @include(if: false) { fileName } }";
      const answer = await post(
        form(
          await two(query.replace("$a: Upload,", "$a: Upload!,")),
          MAP_OF_TWO,
          file("1", "a"),
          file("2", "b"),
        ),
      );
      expect(answer).toEqual({ status: 200, body: { data: { b: names("b.txt") } } });
    });

    it("a part that the map does not name", async () => {
      const answer = await post(form(await one(), MAP, file("1", "a"), file("2", "b")));
      expect(answer.body).toEqual({ data: { uploadTicketAttachments: names("a.txt") } });
    });

    it("a part that is missing: the other mutation has its file", async () => {
      const answer = await post(form(await two(), MAP_OF_TWO, file("1", "a")));
      expect(answer).toMatchObject({
        status: 200,
        body: {
          data: { a: names("a.txt"), b: null },
          errors: [{ message: expect.stringMatching(/"2".*was not sent/) }],
        },
      });
    });

    it.each<[string, RegExp, readonly ("operations" | Field)[]]>([
      ["`map` before `operations`", /out of order/, [MAP, "operations", file("1", "a")]],
      ["a file before `map`", /out of order/, ["operations", file("1", "a"), MAP]],
      ["`map` and the file missing", /lacks/, ["operations"]],
      ["everything missing", /lacks/, []],
      [
        "`operations` that are not JSON, a small file",
        /`operations` is not valid JSON/,
        [["operations", "{ x }"], MAP, file("1", "a")],
      ],
      [
        "`operations` that are not JSON, a large file",
        /`operations` is not valid JSON/,
        [["operations", "{ x }"], MAP, file("1", "a".repeat(200_000), "a.txt")],
      ],
      ["`operations` that are null", /must be a JSON object/, [["operations", "null"], MAP, file("1", "a")]],
      ["`operations` that are true", /must be a JSON object/, [["operations", "true"], MAP, file("1", "a")]],
      ["`operations` that are text", /must be a JSON object/, [["operations", '""'], MAP, file("1", "a")]],
      ["`operations` that are an empty list", /Batched/, [["operations", "[]"], MAP, file("1", "a")]],
      [
        "a `map` that is not JSON",
        /`map` is not valid JSON/,
        ["operations", ["map", "{ x }"], file("1", "a")],
      ],
      ["a `map` that is null", /must be a JSON object/, ["operations", ["map", "null"], file("1", "a")]],
      ["a `map` that is a list", /must be a JSON object/, ["operations", ["map", "[]"], file("1", "a")]],
      ["a `map` that is true", /must be a JSON object/, ["operations", ["map", "true"], file("1", "a")]],
      ["a `map` that is text", /must be a JSON object/, ["operations", ["map", '""'], file("1", "a")]],
      [
        "a part whose paths are null",
        /a list of paths/,
        ["operations", ["map", '{"1":null}'], file("1", "a")],
      ],
      ["a path that is null", /a list of paths/, ["operations", ["map", '{"1":[null]}'], file("1", "a")]],
      ["a path into text", /no `null`/, [["operations", '{"query":"","variables":""}'], MAP, file("1", "a")]],
    ])("%s", async (_, message, parts) => {
      const operations = await one();
      const body = form(...parts.map((part) => (part === "operations" ? operations : part)));
      expect(await post(body)).toEqual(refusal(message));
    });

    it("a body that ends in the head of a part", async () => {
      expect(await post(Buffer.from(`--${BOUNDARY}\r\nContent-Disposition`))).toEqual(refusal(/ends before/));
    });

    it("a head that no part has", async () => {
      const body = `--${BOUNDARY}\r\n Content-Disposition: form-data;name="operations"\r\n\r\n{}\r\n--${BOUNDARY}--`;
      expect(await post(Buffer.from(body))).toEqual(refusal(/malformed|lacks/));
    });

    it("a field that is larger than a field may be", async () => {
      const [name, operations] = await one();
      const padded: Field = [name, `${operations}${" ".repeat(1_100_000)}`];
      expect(await post(form(padded, MAP, file("1", "a")))).toEqual(
        refusal(/at most/, "FILE_TOO_LARGE", 413),
      );
    });

    it("a file that is larger than a file may be", async () => {
      const answer = await post(form(await one(), MAP, file("1", "a".repeat(2_000_001), "a.txt")));
      expect(answer.body).toMatchObject({
        errors: [{ extensions: { code: "FILE_TOO_LARGE", status: 413 } }],
      });
    });

    it.each([
      ["before its file begins", 0],
      ["in the middle of its file", 400_000],
    ])("a client that goes away %s: nothing is left", async (_, fileBytes) => {
      const { sql } = world.server.database;
      const countFiles = async () => (await sql`select count(*)::int as count from media_files`)[0]?.count;
      const before = await countFiles();
      const whole = form(await one(), MAP, file("1", "a".repeat(1_000_000), "a.txt"));
      const head = whole.indexOf("aaaaaaaa");
      const sending = httpRequest(`${world.server.url}/graphql`, {
        method: "POST",
        headers: { ...TYPE, ...bearer(world.people.requester.token), "content-length": String(whole.length) },
      });
      sending.on("error", () => {});
      await new Promise((resolve) => sending.write(whole.subarray(0, head + fileBytes), resolve));
      sending.destroy();
      while ((await strayFiles(sql, world.server.dataFolder)).length > 0)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await countFiles()).toBe(before);
    });

    it("more files than a request may have", async () => {
      const files = Array.from({ length: 40 }, (_, n) => file(String(n), "a"));
      const map: Field = [
        "map",
        JSON.stringify(Object.fromEntries(files.map(([name]) => [name, [`variables.f.${name}`]]))),
      ];
      const operations: Field = [
        "operations",
        JSON.stringify({ query: ONE, variables: { f: files.map(() => null) } }),
      ];
      expect(await post(form(operations, map, ...files))).toEqual(refusal(/at most \d+ files/));
    });
  });
});
