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
    const { code, status, retryAfter } = refused.errors![0]!.extensions;
    expect([code, status]).toEqual(["RATE_LIMITED", 429]);
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(refused.headers.get("retry-after")).toBe(String(retryAfter));

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
    await world.server.database.sql`update rate_limits set resets_at = now() where key like 'upload:%'`;
    // A refusal is remembered for a moment.
    const again = async () => codeIn(await postFiles(url, upload(requester.token)));
    let last = await again();
    while (last === "RATE_LIMITED") last = await again();
    expect(last).toBe("ok");
  });

  it("takes three requests with files at once from one person, and gives each place back", async () => {
    const { url, upload, requester, agent } = await start({ UPLOADS_AT_ONCE: "3" });
    const enter = () => knock(url, upload(requester.token));
    const held = [await enter(), await enter(), await enter()];
    expect(held.map(({ isAdmitted }) => isAdmitted)).toEqual([true, true, true]);

    const refused = await (await enter()).finish();
    expect(refused.status).toBe(429);
    expect(refused.errors?.[0]?.extensions).toEqual({ code: "RATE_LIMITED", status: 429, retryAfter: 5 });
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
