import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { DEMO_PASSWORD } from "../../../../src/app/demo/demo-people.js";
import type { Viewer, ViewerContext } from "../../../../src/modules/identity/viewer.js";
import { createSignedUrls } from "../../../../src/modules/media/downloads/signed-urls.js";
import { createUrlSigner } from "../../../../src/platform/http/files/signed-url.js";
import { createKey, revokeKey } from "../../../support/api-keys.js";
import { withChangedSignature } from "../../../support/changed-signature.js";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import { SignInDocument } from "../../../support/generated/operations.js";
import { fileOf, uploadMedia } from "../../../support/library-world.js";
import { fourFields } from "../../../support/make-pictures.js";
import { renderPending } from "../../../support/render-pending.js";
import { countStatements } from "../../../support/statement-count.js";
import { codeIn } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";
import { textFile } from "../../../support/ticket-world.js";

interface Signed {
  readonly url: string;
  readonly expiresAt: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MINUTES = 7 * 24 * 60;

const START = Date.parse("2026-03-01T10:07:31.456Z");
const KEYS = [{ id: "k1", secret: "a secret of thirty-two characters" }];
const PICTURE = { id: "file-1", fileName: "lamp.jpg", mimeType: "image/jpeg", sha256: "ab".repeat(32) };
const ARCHIVE = { ...PICTURE, fileName: "logs.zip", mimeType: "application/zip" };

function at(now: number) {
  const clock = () => new Date(now);
  const signer = createUrlSigner({ keys: KEYS, clock });
  return { signer, ...createSignedUrls({ signer, clock, defaultMinutes: 60, maxMinutes: WEEK_MINUTES }) };
}

const contextOf = (viewer: object) =>
  ({
    viewer: { kind: "user", id: "viewer-1", ...viewer } as Viewer,
    baseUrl: "http://desk.test",
  }) as ViewerContext;
const person = contextOf({});

const queryOf = (url: string) => Object.fromEntries(new URL(url).searchParams);

describe("the lifetime of a signed URL", () => {
  it.each([1, 5, 60, 1_440, WEEK_MINUTES])(
    "is what was asked for and little more, and `expiresAt` says it: %d minutes",
    (minutes) => {
      const most = Math.min((minutes * MINUTE_MS) / 4, HOUR_MS);
      for (let round = 0; round < 12; round++) {
        const now = START + round * 7_919_123;
        const wish = { expiresInMinutes: minutes, inline: false };
        const { url, expiresAt } = at(now).mediaFile(person, PICTURE, wish);
        expect(expiresAt.getTime() - now).toBeGreaterThanOrEqual(minutes * MINUTE_MS);
        expect(expiresAt.getTime() - now).toBeLessThanOrEqual(minutes * MINUTE_MS + most);
        expect(at(now).signer.verify("files/file-1", queryOf(url)).expiresAt).toEqual(expiresAt);
        expect(() => at(expiresAt.getTime() - 1).signer.verify("files/file-1", queryOf(url))).not.toThrow();
        expect(() => at(expiresAt.getTime()).signer.verify("files/file-1", queryOf(url))).toThrow("expired");
      }
    },
  );

  it("is that of `url` unless one is asked for", () => {
    const asked = at(START).mediaFile(person, PICTURE, { expiresInMinutes: 60, inline: false });
    for (const expiresInMinutes of [undefined, null])
      expect(at(START).mediaFile(person, PICTURE, { expiresInMinutes, inline: false })).toEqual(asked);
  });

  it("gives equal requests the same URL for a window", () => {
    const wish = { expiresInMinutes: 60, inline: true };
    const urls = new Map<string, number>();
    for (let minute = 0; minute < 60; minute++) {
      const { url } = at(START + minute * MINUTE_MS).mediaFile(person, PICTURE, wish);
      urls.set(url, (urls.get(url) ?? 0) + 1);
    }
    expect([...urls.values()].slice(1, -1)).toEqual([15, 15, 15]);
  });

  it.each([0, -1, WEEK_MINUTES + 1, 2 ** 31 - 1])(
    "is refused outside of its bounds: %d minutes",
    (minutes) => {
      const wish = { expiresInMinutes: minutes, inline: false };
      expect(() => at(START).mediaFile(person, PICTURE, wish)).toThrow(
        expect.objectContaining({
          code: "BAD_USER_INPUT",
          details: { field: "expiresInMinutes", min: 1, max: WEEK_MINUTES },
        }),
      );
    },
  );

  it("ends with the API key that asks", () => {
    const end = new Date(START + 10 * MINUTE_MS + 999);
    const key = contextOf({ kind: "api-key", id: "key-1", expiresAt: end });
    const asked = at(START).mediaFile(key, PICTURE, { expiresInMinutes: 60, inline: false });
    expect(asked.expiresAt).toEqual(new Date(Math.floor(end.getTime() / 1_000) * 1_000));
    const { url, expiresAt } = at(START).mediaFile(key, PICTURE, { expiresInMinutes: 1, inline: false });
    expect(expiresAt.getTime()).toBeLessThan(end.getTime());
    expect(queryOf(url).viewer).toBe("key-key-1");
  });

  it("asks for display only of what browsers display", () => {
    const inline = ({ url }: { url: string }) => new URL(url).searchParams.has("inline");
    const shown = { inline: true };
    expect(inline(at(START).mediaFile(person, PICTURE, shown))).toBe(true);
    expect(inline(at(START).mediaFile(person, PICTURE, { inline: false }))).toBe(false);
    expect(inline(at(START).mediaFile(person, ARCHIVE, shown))).toBe(false);
  });
});

let world: ChatWorld;
let companyId: string;
const statements: string[] = [];

const SIGNED = "signedUrl(expiresInMinutes: $minutes, inline: $inline) { url expiresAt }";
const FILE = `query ($id: ID!, $minutes: Int, $inline: Boolean! = false) {
  mediaFile(id: $id) { url ${SIGNED} variant(name: "thumbnail") { url ${SIGNED} } variants { ${SIGNED} } } }`;
const ATTACHMENT = `query ($id: ID!, $minutes: Int, $inline: Boolean! = false) {
  attachment(id: $id) { url ${SIGNED} mediaFile { ${SIGNED} } } }`;

interface Shown {
  readonly url: string;
  readonly signedUrl: Signed;
}
interface ShownFile extends Shown {
  readonly variant: Shown;
  readonly variants: readonly Shown[];
}

interface Wish {
  readonly minutes?: number;
  readonly inline?: boolean;
}

async function fileFor(token: string, id: string, wish: Wish = {}): Promise<ShownFile> {
  const answer = await world.server.gql<{ mediaFile: ShownFile }>(FILE, { id, ...wish }, token);
  expect(codeIn(answer)).toBe("ok");
  return answer.data!.mediaFile;
}

async function attachmentFor(token: string, id: string, wish: Wish = {}): Promise<Shown> {
  const answer = await world.server.gql<{ attachment: Shown }>(ATTACHMENT, { id, ...wish }, token);
  expect(codeIn(answer)).toBe("ok");
  return answer.data!.attachment;
}

async function get(url: string) {
  const response = await fetch(url);
  const body = await response.text();
  const { error = {} } = response.status >= 400 ? JSON.parse(body) : {};
  return { status: response.status, code: error.code, reason: error.reason, headers: response.headers };
}

const statusOf = async (url: string) => (await get(url)).status;

/** As a URL is when somebody changes a part of it. */
function changed(url: string, change: (url: URL) => void): string {
  const other = new URL(url);
  change(other);
  return other.href;
}

const uploadPicture = async (by: SignedIn, height: number) =>
  uploadMedia(by, {
    companyId,
    file: fileOf("lamp.jpg", await fourFields({ width: 900, height }).jpeg().toBuffer()),
  });

describe("a signed URL of the API", () => {
  beforeAll(async () => {
    world = await startChatWorld({ onStatement: (statement) => statements.push(statement) });
    companyId = await world.newCompany();
  });

  afterAll(() => world?.close());

  it("opens file, variant and attachment for as long as was asked, saved or shown", async () => {
    const { requester, manager } = world.people;
    const { id } = await uploadPicture(manager, 500);
    await renderPending(world.server);
    const before = Date.now();
    const file = await fileFor(manager.token, id, { minutes: WEEK_MINUTES });
    const shown = await fileFor(manager.token, id, { minutes: WEEK_MINUTES, inline: true });
    for (const { signedUrl } of [file, file.variant, ...file.variants]) {
      const { status, headers } = await get(signedUrl.url);
      expect(status).toBe(200);
      expect(headers.get("content-disposition")).toMatch(/^attachment/);
      expect(headers.get("cache-control")).toBe("private, max-age=60");
      expect(Date.parse(signedUrl.expiresAt)).toBeGreaterThanOrEqual(before + WEEK_MINUTES * MINUTE_MS);
    }
    for (const { signedUrl } of [shown, shown.variant])
      expect((await get(signedUrl.url)).headers.get("content-disposition")).toMatch(/^inline/);
    const ticket = await world.openTicket(requester, { companyId, files: [textFile("note.txt")] });
    const attachment = await attachmentFor(requester.token, ticket.attachments.nodes[0]!.id, {
      inline: true,
    });
    const { status, headers } = await get(attachment.signedUrl.url);
    expect([status, headers.get("content-disposition")]).toEqual([200, "inline; filename=note.txt"]);
    // Equal requests, equal URLs.
    const [one, other] = await Promise.all([fileFor(manager.token, id), fileFor(manager.token, id)]);
    expect(one).toEqual(other);
  });

  it("is never outlived by a cache", async () => {
    const { manager } = world.people;
    const { id } = await uploadMedia(manager, { companyId });
    const expiresAt = new Date(Date.now() + 20_000);
    const url =
      world.server.url +
      world.server.services.signer.sign({
        resource: `files/${id}`,
        name: "note.txt",
        viewerId: manager.id,
        expiresAt,
      });
    const { status, headers } = await get(url);
    expect(status).toBe(200);
    const maxAge = Number(/max-age=(\d+)/.exec(headers.get("cache-control")!)![1]);
    expect(maxAge).toBeLessThan(20);
    expect(maxAge).toBeGreaterThan(0);
  });

  it("is refused when anything that it says is changed, and when it has expired", async () => {
    const { manager, agent } = world.people;
    const [{ id }, other] = [await uploadPicture(manager, 501), await uploadPicture(manager, 502)];
    await renderPending(world.server);
    const { signedUrl, variant } = await fileFor(manager.token, id, { minutes: 5 });
    const later = String(Date.parse(signedUrl.expiresAt) / 1_000 + 3_600);
    for (const url of [
      withChangedSignature(signedUrl.url),
      changed(signedUrl.url, ({ searchParams }) => searchParams.set("expires", later)),
      changed(variant.signedUrl.url, ({ searchParams }) => searchParams.set("expires", later)),
      changed(signedUrl.url, ({ searchParams }) => searchParams.set("viewer", agent.id)),
      // Another variant, the original by the URL of a variant, another file, and the same one by another route.
      signedUrl.url.replace(`${id}/`, `${id}/thumbnail/`),
      variant.signedUrl.url.replace("/thumbnail/", "/large/"),
      variant.signedUrl.url.replace("/thumbnail/", "/"),
      signedUrl.url.replace(id, other.id),
      signedUrl.url.replace("/files/", "/attachments/"),
    ]) {
      const { status, code, reason } = await get(url);
      expect([url, status, code, reason]).toEqual([url, 403, "FORBIDDEN", "invalid"]);
    }
    const expired = world.server.services.signer.sign({
      resource: `files/${id}`,
      name: "lamp.jpg",
      viewerId: manager.id,
      expiresAt: new Date(Date.now() - 1_000),
    });
    expect(await get(world.server.url + expired)).toMatchObject({ status: 403, reason: "expired" });
  });

  it("shows nothing more when somebody adds `inline`: the file decides that", async () => {
    const { manager } = world.people;
    const { id } = await uploadMedia(manager, {
      companyId,
      file: fileOf("notes.md", `# Notes ${companyId}`),
    });
    const saved = await fileFor(manager.token, id).catch(() => null);
    expect(saved!.signedUrl.url).not.toContain("inline");
    const asked = await fileFor(manager.token, id, { inline: true });
    expect(asked.signedUrl).toEqual(saved!.signedUrl);
    const { status, headers } = await get(`${saved!.signedUrl.url}&inline`);
    expect([status, headers.get("content-disposition")]).toEqual([200, "attachment; filename=notes.md"]);
  });

  it("ends with the session that asked, while `url` ends with the person", async () => {
    const { manager } = world.people;
    const { id } = await uploadMedia(manager, { companyId });
    const input = { email: "manager@acme.test", password: DEMO_PASSWORD };
    const { data } = await world.server.gql(SignInDocument, { input });
    const { accessToken } = data!.signIn;
    const { url, signedUrl } = await fileFor(accessToken, id, { minutes: 60 });
    const { signedUrl: ofAnother } = await fileFor(manager.token, id, { minutes: 60 });
    const kept = [url, ofAnother.url];
    expect(await Promise.all([...kept, signedUrl.url].map(statusOf))).toEqual([200, 200, 200]);
    await world.server.gql("mutation { signOut }", {}, accessToken);
    expect(await statusOf(signedUrl.url)).toBe(401);
    expect(await Promise.all(kept.map(statusOf))).toEqual([200, 200]);
  });

  it("ends when its session expires, which tokens for scripts do within minutes", async () => {
    const { id } = await uploadMedia(world.people.manager, { companyId });
    const input = { email: "manager@acme.test", password: DEMO_PASSWORD };
    const { data } = await world.server.gql(SignInDocument, { input });
    const { url, signedUrl } = await fileFor(data!.signIn.accessToken, id, { minutes: WEEK_MINUTES });
    expect(await statusOf(signedUrl.url)).toBe(200);
    const [, sessionId = ""] = new URL(signedUrl.url).searchParams.get("viewer")!.split(".");
    const { count } = await world.server.database.sql`
      update sessions set expires_at = now() - interval '1 second' where id = ${sessionId}`;
    expect(count).toBe(1);
    expect([await statusOf(signedUrl.url), await statusOf(url)]).toEqual([401, 200]);
  });

  it("ends with a person's access to what it shows", async () => {
    const { participant, requester, agent } = world.people;
    const ticket = await world.openTicket(requester, { companyId, files: [textFile()] });
    await world.addParticipant(ticket.id, participant);
    const { signedUrl } = await attachmentFor(participant.token, ticket.attachments.nodes[0]!.id, {
      minutes: WEEK_MINUTES,
    });
    expect(await statusOf(signedUrl.url)).toBe(200);
    await world.server.gql(
      "mutation ($input: ParticipantInput!) { removeParticipant(input: $input) { id } }",
      { input: { ticketId: ticket.id, userId: participant.id } },
      agent.token,
    );
    expect(await statusOf(signedUrl.url)).toBe(404);
  });

  it("ends with a guest's invitation", async () => {
    const conversationId = await world.start({ companyId });
    const guest = await world.guestIn(conversationId);
    const { attachments } = await world.say(guest, conversationId, { body: "My key", files: [textFile()] });
    const { signedUrl } = await attachmentFor(guest.token, attachments.nodes[0]!.id, { minutes: 600 });
    expect(new URL(signedUrl.url).searchParams.get("viewer")).toBe(guest.id);
    expect(await statusOf(signedUrl.url)).toBe(200);
    await world.server.gql(
      "mutation ($id: ID!) { revokeGuest(id: $id) { id } }",
      { id: guest.id },
      world.people.agent.token,
    );
    expect(await statusOf(signedUrl.url)).toBe(401);
  });

  it("ends with the API key", async () => {
    const { manager } = world.people;
    const { id } = await uploadPicture(manager, 503);
    await renderPending(world.server);
    const key = await createKey(world.server, manager.token, { companyId, scopes: ["READ"] });
    const { signedUrl, variant } = await fileFor(key.token, id, { minutes: WEEK_MINUTES });
    const urls = [signedUrl.url, variant.signedUrl.url];
    expect(await Promise.all(urls.map(statusOf))).toEqual([200, 200]);
    await revokeKey(world.server, manager.token, key.id);
    expect(await Promise.all(urls.map(statusOf))).toEqual([401, 401]);
  });

  it("is signed for a public variant as well, for whom it is asked", async () => {
    const { manager } = world.people;
    const bytes = await fourFields({ width: 900, height: 504 }).png().toBuffer();
    const { id } = await uploadMedia(manager, {
      companyId,
      bucket: "PUBLIC_PAGES",
      file: fileOf("banner.png", bytes),
    });
    await renderPending(world.server);
    const { variant } = await fileFor(manager.token, id, { minutes: 60 });
    expect(variant.url).toContain("/public/");
    expect(variant.signedUrl.url).toContain(`/files/${id}/thumbnail/`);
    expect(await statusOf(variant.signedUrl.url)).toBe(200);
  });

  it("says what is wrong with a lifetime that nobody can have", async () => {
    const { manager } = world.people;
    const { id } = await uploadMedia(manager, { companyId });
    for (const minutes of [0, WEEK_MINUTES + 1]) {
      const answer = await world.server.gql(FILE, { id, minutes }, manager.token);
      expect(codeIn(answer)).toBe("BAD_USER_INPUT");
      expect(answer.errors![0]!.message).toBe(
        `A signed URL can be valid for 1 to 10080 minutes, not for ${minutes}. Ask for a new one when it has expired.`,
      );
    }
  });

  it("costs no statement for any of them", async () => {
    const { manager } = world.people;
    const library = await world.newCompany();
    for (let index = 0; index < 12; index++) await uploadMedia(manager, { companyId: library });
    const list = (fields: string) => async () => {
      const query = `query ($id: ID!, $first: Int!) { mediaFiles(companyId: $id, first: $first) { nodes { id ${fields} } } }`;
      expect(codeIn(await world.server.gql(query, { id: library, first: 12 }, manager.token))).toBe("ok");
    };
    const without = await countStatements(statements, list("variants { name }"));
    const signed = "signedUrl(expiresInMinutes: 60) { url expiresAt }";
    expect(await countStatements(statements, list(`${signed} variants { name ${signed} }`))).toBe(without);
  });
});
