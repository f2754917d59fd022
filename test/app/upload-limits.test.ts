import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import {
  CreateTicketDocument,
  UpdateAttachmentDocument,
  UploadTicketAttachmentsDocument,
} from "../support/generated/operations.js";
import { BOUNDARY, multipartBody } from "../support/multipart-body.js";
import type { FilesRequest } from "../support/post-files.js";
import { fieldsBeforeFiles, postFiles } from "../support/post-files.js";
import { startUpload, TUS } from "../support/staged-uploads.js";
import type { GraphQLAnswer } from "../support/test-client.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

let world: TicketWorld;

async function start(env: Readonly<Record<string, string>>) {
  world = await startTicketWorld({ env });
  const companyId = await world.newCompany();
  const { requester, agent, participant } = world.people;
  const { id: ticketId } = await world.openTicket(requester, { companyId });
  const upload = (token: string, name = "note.txt"): FilesRequest<unknown> => ({
    query: UploadTicketAttachmentsDocument,
    input: { ticketId },
    files: [{ name, bytes: Buffer.from(`${name} ${Math.random()}\n`.repeat(200)) }],
    token,
  });
  return { companyId, requester, agent, participant, upload, url: world.server.url };
}

describe("upload limits", () => {
  afterEach(() => world?.close());

  it("takes ten requests with files a minute from one person, and says when to come back", async () => {
    const { url, upload, requester, agent, companyId } = await start({
      UPLOADS_PER_MINUTE: "10",
      UPLOADS_AT_ONCE: "3",
    });
    for (let count = 0; count < 10; count++)
      expect(codeIn(await postFiles(url, upload(requester.token)))).toBe("ok");

    const refused = await postFiles(url, upload(requester.token));
    expect(refused.status).toBe(429);
    const { code, status, policy, limit, retryAfter } = refused.errors![0]!.extensions;
    expect([code, status, policy, limit]).toEqual(["RATE_LIMITED", 429, "uploads", 10]);
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(refused.headers.get("retry-after")).toBe(String(retryAfter));
    expect(refused.headers.get("ratelimit")).toBe(`"uploads";r=0;t=${retryAfter}`);

    // Another person is not touched by it, nor is what has no files.
    expect(codeIn(await postFiles(url, upload(agent.token)))).toBe("ok");
    const plain = await world.server.gql(
      CreateTicketDocument,
      { input: { companyId, subject: "Without files" } },
      requester.token,
    );
    expect(codeIn(plain)).toBe("ok");
    const described = await world.server.gql(
      UpdateAttachmentDocument,
      { input: { id: "none", description: "x" } },
      requester.token,
    );
    expect(codeIn(described)).toBe("NOT_FOUND");

    // A minute later the window is a new one.
    await world.server.database.sql`update rate_limits set resets_at = now() where key like 'uploads:%'`;
    // A refusal is remembered for a moment.
    const again = async () => codeIn(await postFiles(url, upload(requester.token)));
    let last = await again();
    while (last === "RATE_LIMITED") last = await again();
    expect(last).toBe("ok");
  });

  it("counts files over all ways, all of a request or none, and says how many are left", async () => {
    const { url, upload, requester, agent, companyId } = await start({
      UPLOAD_FILES_PER_MINUTE: "10",
      FILES_PER_REQUEST: "4",
    });
    const several = (token: string, count: number) => {
      const files = Array.from({ length: count }, (_, n) => upload(token, `note ${n}.txt`).files[0]!);
      return postFiles(url, { ...upload(token), files });
    };
    const file = { bucket: "ATTACHMENTS", companyId, fileName: "log.txt", size: 5 } as const;
    const begin = (token: string) =>
      startUpload({ url, token }, file).then(
        () => "ok",
        ({ code }) => code,
      );
    const first = await several(requester.token, 4);
    expect(first.headers.get("ratelimit-policy")).toBe('"uploads";q=100000;w=60, "upload-files";q=10;w=60');
    expect(first.headers.get("ratelimit")).toMatch(/^"uploads";r=99999;t=\d+, "upload-files";r=6;t=\d+$/);
    expect(await begin(requester.token)).toBe("ok");
    expect(await createOverTus(url, requester.token, companyId)).toMatch(/^201 "upload-files";r=4;t=\d+$/);
    expect(codeIn(await several(requester.token, 2))).toBe("ok");

    const { sql } = world.server.database;
    const stored = () => sql`select from media_files`.then(({ count }) => count);
    const before = await stored();
    const refused = await several(requester.token, 3);
    expect(refused.errors?.[0]?.extensions).toMatchObject({
      code: "RATE_LIMITED",
      status: 429,
      policy: "upload-files",
      limit: 10,
    });
    expect(refused.headers.get("ratelimit")).toContain('"upload-files";r=2;');
    expect(await stored()).toBe(before);
    // What is left can be used, by any way.
    expect(codeIn(await several(requester.token, 1))).toBe("ok");
    expect(await begin(requester.token)).toBe("ok");
    expect(await begin(requester.token)).toBe("RATE_LIMITED");
    expect(await createOverTus(url, requester.token, companyId)).toMatch(/^429 "upload-files";r=0;t=\d+$/);
    expect(codeIn(await several(agent.token, 4))).toBe("ok");
  });

  it("takes three requests with files at once from one person, and gives each place back", async () => {
    const { url, upload, requester, agent } = await start({ UPLOADS_AT_ONCE: "3" });
    const enter = () => knock(url, upload(requester.token));
    const held = [await enter(), await enter(), await enter()];
    expect(held.map(({ isAdmitted }) => isAdmitted)).toEqual([true, true, true]);

    const refused = await (await enter()).finish();
    expect(refused.status).toBe(429);
    expect(refused.errors?.[0]?.extensions).toEqual({
      code: "RATE_LIMITED",
      status: 429,
      policy: "uploads-at-once",
      limit: 3,
      retryAfter: 5,
    });
    expect(codeIn(await postFiles(url, upload(agent.token)))).toBe("ok");

    // The place is free a moment after the answer is out, or after the person has gone away.
    const enterWhenFree = async () => {
      for (;;) {
        const visit = await enter();
        if (visit.isAdmitted) return visit;
      }
    };
    const [first, second, third] = held;
    expect(codeIn(await first!.finish())).toBe("ok");
    const fourth = await enterWhenFree();
    expect((await enter()).isAdmitted).toBe(false);
    second!.abort();
    const fifth = await enterWhenFree();
    expect((await enter()).isAdmitted).toBe(false);
    for (const visit of [third!, fourth, fifth]) expect(codeIn(await visit.finish())).toBe("ok");
  });
});

/** The status and the header `RateLimit`. */
async function createOverTus(url: string, token: string, companyId: string): Promise<string> {
  const metadata = Object.entries({ bucket: "ATTACHMENTS", companyId, filename: "a.txt" });
  const { status, headers } = await fetch(`${url}/uploads`, {
    method: "POST",
    headers: {
      ...TUS,
      ...bearer(token),
      "upload-length": "4",
      "upload-metadata": metadata.map(([name, text]) => `${name} ${btoa(text)}`).join(","),
    },
  });
  return `${status} ${headers.get("ratelimit")}`;
}

/** Announces a multipart request and waits to be told to go on (RFC 9110 §10.1.1), or to be refused. */
async function knock(url: string, request: FilesRequest<unknown>) {
  const body = multipartBody([
    ...Object.entries(fieldsBeforeFiles(request)).map(([name, content]) => ({ name, content })),
    ...request.files.map(({ name, bytes }, n) => ({ name: String(n), fileName: name, content: bytes })),
  ]);
  const sending = httpRequest(`${url}/graphql`, {
    method: "POST",
    agent: false,
    headers: {
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-length": body.length,
      "apollo-require-preflight": "true",
      expect: "100-continue",
      ...bearer(request.token),
    },
  });
  const answer = once(sending, "response").then(async ([response]) => ({
    status: response.statusCode,
    ...(JSON.parse(await text(response)) as object),
  }));
  answer.catch(() => {}); // who goes away gets none
  const isAdmitted = Promise.race([once(sending, "continue").then(() => true), answer.then(() => false)]);
  sending.flushHeaders();
  return {
    isAdmitted: await isAdmitted,
    async finish(): Promise<Pick<GraphQLAnswer<unknown>, "status" | "errors">> {
      if (await isAdmitted) sending.end(body);
      return answer;
    },
    abort: () => sending.destroy(),
  };
}
