import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { importFrom } from "../../../support/import-run.js";
import { makeJpeg, makePdf } from "../../../support/make-files.js";
import { renderPending } from "../../../support/render-pending.js";
import { bearer } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";

let world: ChatWorld;
let companyId: string;
let page = 0;

const pdf = makePdf();
const library = (legacyPath: string, more = {}) => ({
  ...{ source: "a.pdf", bucket: "ATTACHMENTS", company: companyId },
  ...{ resourceType: "page", resourceId: `${++page}`, fieldName: "file", legacyPath },
  ...more,
});
async function importAll(...entries: object[]) {
  const files = { "a.pdf": pdf, "b.jpg": await makeJpeg({ width: 64, height: 48 }) };
  const { events, summary } = await importFrom(world.server, { files, entries }, { atOnce: 1 });
  const ids = events.map((event) => ("mediaFileId" in event ? event.mediaFileId : null)).slice(1);
  const messages = events.flatMap((event) => (event.event === "failed" ? event.message : []));
  return { ids, summary, messages };
}
const ask = (path: string, person?: SignedIn, init: RequestInit = {}) =>
  fetch(`${world.server.url}${path}`, { redirect: "manual", headers: bearer(person?.token), ...init });
const statusOf = async (path: string, person?: SignedIn) => (await ask(path, person)).status;
const at = (response: Response) => response.headers.get("location") ?? "";

describe("the old address of a file", () => {
  beforeAll(async () => {
    world = await startChatWorld({ env: { DOWNLOADS_PER_MINUTE: "40" } });
    companyId = await world.newCompany();
  });
  afterAll(() => world.close());

  it("leads who may read the file to a URL that is signed for them, and nobody else anywhere", async () => {
    const { agent, requester, stranger } = world.people;
    const { summary } = await importAll(library("https://old.example/files/Gr%C3%B6%C3%9Fe%201.pdf"));
    expect(summary).toMatchObject({ imported: 1, failed: 0 });
    const address = "/legacy/files/Gr%C3%B6%C3%9Fe%201.pdf";
    const response = await ask(address, agent);
    expect([response.status, response.headers.get("cache-control")]).toEqual([307, "no-store"]);
    const file = await fetch(at(response));
    expect([file.status, file.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    expect(file.headers.get("content-disposition")).toMatch(/^inline/);
    expect(Buffer.from(await file.arrayBuffer()).equals(pdf)).toBe(true);
    expect(await statusOf("/legacy/files/Gro%CC%88%C3%9Fe%201.pdf?v=4", agent)).toBe(307);
    expect(await statusOf(address)).toBe(401);
    expect(await statusOf("/legacy/files/none.pdf")).toBe(401);
    const answers = [
      ask(address, stranger),
      ask(address, requester),
      ask("/legacy/files/none.pdf", stranger),
    ];
    const bodies = await Promise.all(
      answers.map(async (answer) => {
        const { requestId: _, ...body } = (await (await answer).json()) as Record<string, unknown>;
        return { status: (await answer).status, body: JSON.stringify(body).replace(/[0-9a-f-]{36}/g, "") };
      }),
    );
    expect(bodies[0]?.status).toBe(404);
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[2]).toEqual(bodies[0]);
  });

  it("of an attachment or a message's file leads those who may read that", async () => {
    const { people } = world;
    const { id: ticketId } = await world.openTicket(people.requester, { companyId });
    const conversation = await world.start({ companyId, participantIds: [people.participant.id] });
    const { summary } = await importAll(
      {
        ...{ source: "a.pdf", company: companyId, resourceType: "ticket", resourceId: ticketId },
        legacyPath: "/t/1.pdf",
      },
      {
        ...{ company: companyId, resourceType: "conversation", resourceId: conversation, key: "1" },
        sender: "customer2@acme.test",
        files: ["a.pdf", { source: "b.jpg", legacyPath: "/file.php?id=17" }],
      },
    );
    expect(summary).toMatchObject({ imported: 2, failed: 0 });
    expect(await statusOf("/legacy/t/1.pdf", people.requester)).toBe(307);
    expect(await statusOf("/legacy/t/1.pdf", people.participant)).toBe(404);
    expect(await statusOf("/legacy/file.php?id=17", people.participant)).toBe(307);
    expect(await statusOf("/legacy/file.php?id=17", people.requester)).toBe(404);
    expect(await statusOf("/legacy/file.php?id=18", people.participant)).toBe(404);
  });

  it("of a public file leads everybody to its public URL, once that is rendered", async () => {
    await importAll(library("/img/pool.jpg", { source: "b.jpg", bucket: "PUBLIC_PAGES" }));
    expect(await statusOf("/legacy/img/pool.jpg")).toBe(404);
    await renderPending(world.server);
    const response = await ask("/legacy/img/pool.jpg");
    expect([response.status, response.headers.get("cache-control")]).toEqual([307, "public, max-age=60"]);
    expect(at(response)).toMatch(/\/public\/[^?]+\/large\/b\.jpg\?v=/);
    expect((await fetch(at(response))).status).toBe(200);
    expect((await ask("/legacy/img/pool.jpg", undefined, { method: "HEAD" })).status).toBe(307);
  });

  it("says that a deleted file is gone, and is forgotten with a purged one", async () => {
    const { people, server } = world;
    const { ids } = await importAll(library("/old/gone.pdf"), library("/old/gone-too.pdf"));
    await server.database.sql`delete from media_usages where media_file_id = any(${ids as string[]})`;
    for (const id of ids)
      await server.gql(
        "mutation ($id: ID!) { deleteMediaFile(id: $id) { id } }",
        { id },
        people.manager.token,
      );
    expect(await statusOf("/legacy/old/gone.pdf", people.agent)).toBe(410);
    expect(await statusOf("/legacy/old/gone.pdf", people.stranger)).toBe(404);
    expect(await statusOf("/legacy/old/gone.pdf")).toBe(401);
    await server.database.sql`delete from media_files where id = ${ids[0]!}`;
    expect(await statusOf("/legacy/old/gone.pdf", people.agent)).toBe(404);
    expect(await server.database.sql`select path from legacy_paths where path like 'old/%'`).toEqual([
      { path: "old/gone-too.pdf" },
    ]);
  });

  it("is learned of later, belongs to one file, and says when it is another's", async () => {
    const { agent } = world.people;
    const entry = library("");
    const { ids } = await importAll(entry);
    const again = await importAll(
      { ...entry, legacyPath: "/late.pdf" },
      { ...entry, legacyPath: "/late.pdf" },
    );
    expect(again).toMatchObject({ ids: [ids[0], ids[0]], summary: { known: 2 } });
    expect(at(await ask("/legacy/late.pdf", agent))).toContain(ids[0]);
    const other = await importAll(
      library("/late.pdf"),
      library("/a/../b.pdf"),
      library("/x", { source: "" }),
    );
    expect(other.summary).toMatchObject({ imported: 0, failedByCode: { BAD_ENTRY: 3 } });
    expect(other.messages[0]).toContain("/late.pdf");
    expect(at(await ask("/legacy/late.pdf", agent))).toContain(ids[0]);
  });

  it("is counted as a download", async () => {
    const { outsideManager } = world.people;
    const statuses = [];
    for (let n = 0; n < 45 && statuses.at(-1) !== 429; n++)
      statuses.push(await statusOf("/legacy/none.pdf", outsideManager));
    expect(statuses.at(-1)).toBe(429);
    expect(statuses.slice(0, -1).every((status) => status === 404)).toBe(true);
  });
});
