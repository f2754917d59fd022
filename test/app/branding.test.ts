import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import {
  CompaniesWithLogosDocument,
  CompanyBrandingDocument,
  FacesDocument,
  FacesOfTicketsDocument,
  RemoveAvatarDocument,
  RemoveCompanyLogoDocument,
  SetAvatarDocument,
  SetCompanyLogoDocument,
  UpdateTicketDocument,
} from "../support/generated/operations.js";
import { makePng } from "../support/make-files.js";
import { animation, fourFields, lookAt, rotatedPhoneJpeg } from "../support/make-pictures.js";
import { renderPending } from "../support/render-pending.js";
import { countStatements } from "../support/statement-count.js";
import { bearer, codeIn } from "../support/test-client.js";
import type { SignedIn } from "../support/test-server.js";
import { startTestServer } from "../support/test-server.js";
import type { TicketWorld } from "../support/ticket-world.js";
import { startTicketWorld } from "../support/ticket-world.js";

const statements: string[] = [];
let world: TicketWorld;

const asFile = (bytes: Buffer, name: string) => new File([new Uint8Array(bytes)], name);

interface Looks {
  readonly slug: string;
  readonly companyId: string;
}

async function companyWithLogo(file: File): Promise<Looks> {
  const companyId = await world.newCompany();
  const variables = { input: { companyId, file } };
  const { client } = world.people.manager;
  const { data } = await client.mutate({ mutation: SetCompanyLogoDocument, variables });
  await renderPending(world.server);
  return { companyId, slug: data!.setCompanyLogo.slug };
}

/** As everybody sees it: nobody is signed in. */
async function branding(slug: string) {
  const answer = await world.server.gql(CompanyBrandingDocument, { slug });
  expect(codeIn(answer)).toBe("ok");
  return answer.data!.companyBranding!;
}

async function download(url: string | null, person?: SignedIn) {
  const response = await fetch(url ?? "", { headers: bearer(person?.token) });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

async function picturesOf(slug: string) {
  const { logoUrl, logoThumbnailUrl, faviconUrl } = await branding(slug);
  const look = async (url: string | null) => lookAt((await download(url)).bytes);
  return {
    logo: await look(logoUrl),
    thumbnail: await look(logoThumbnailUrl),
    favicon: await look(faviconUrl),
  };
}

describe("branding", () => {
  beforeAll(async () => {
    world = await startTicketWorld({
      onStatement: (statement) => statements.push(statement),
    });
  });

  afterAll(() => world?.close());

  describe("a company's logo, once it is rendered", () => {
    it("is reached by everybody, and says that it may be kept by every cache", async () => {
      const { slug, companyId } = await companyWithLogo(asFile(await makePng(), "our logo.png"));
      const { logoUrl, logoThumbnailUrl, faviconUrl } = await branding(slug);
      for (const url of [logoUrl, logoThumbnailUrl, faviconUrl]) {
        expect(url).toMatch(
          new RegExp(`^${world.server.url}/public/[0-9a-f-]{36}/[a-z-]+/our%20logo\\.png\\?v=[0-9a-f]{12}$`),
        );
        const { status, headers } = await download(url);
        expect(status).toBe(200);
        expect(headers.get("cache-control")).toBe("public, max-age=86400, immutable");
      }
      const [company] = (
        await world.server.gql(CompaniesWithLogosDocument, { first: 100 }, world.people.customer.token)
      ).data!.companies.nodes.filter(({ id }) => id === companyId);
      expect(company).toEqual({ id: companyId, slug, logoUrl, logoThumbnailUrl, faviconUrl });
    });

    it("keeps what shows through in all sizes", async () => {
      const png = await fourFields({ width: 900, height: 600, alpha: 0 }).png().toBuffer();
      const { slug } = await companyWithLogo(asFile(png, "logo.png"));
      const { logo, thumbnail, favicon } = await picturesOf(slug);
      expect([logo, thumbnail, favicon].map(({ width, height }) => [width, height])).toEqual([
        [400, 267],
        [64, 64],
        [32, 32],
      ]);
      for (const { format, corners } of [logo, thumbnail, favicon]) {
        expect(["png", "webp"]).toContain(format);
        expect(corners.topRight[3]).toBe(0);
        expect(corners.topLeft[3]).toBe(255);
      }
    });

    it("is enlarged only where a size is promised", async () => {
      const png = await fourFields({ width: 90, height: 48 }).png().toBuffer();
      const { logo, thumbnail, favicon } = await picturesOf(
        (await companyWithLogo(asFile(png, "l.png"))).slug,
      );
      expect([logo, thumbnail, favicon].map(({ width, height }) => [width, height])).toEqual([
        [90, 48],
        [64, 64],
        [32, 32],
      ]);
      const tiny = await fourFields({ width: 16, height: 16, alpha: 0 }).png().toBuffer();
      const small = await picturesOf((await companyWithLogo(asFile(tiny, "s.png"))).slug);
      expect(
        [small.logo, small.thumbnail, small.favicon].map(({ width, height }) => [width, height]),
      ).toEqual([
        [16, 16],
        [64, 64],
        [32, 32],
      ]);
      expect(small.favicon.corners.topRight[3]).toBe(0);
    });

    it("stands upright, and tells neither the place nor the camera", async () => {
      const { slug } = await companyWithLogo(asFile(await rotatedPhoneJpeg(300, 500), "logo.jpg"));
      const { logo, thumbnail, favicon } = await picturesOf(slug);
      expect([logo.width, logo.height]).toEqual([240, 400]);
      for (const { format, left, corners } of [logo, thumbnail, favicon]) {
        expect(["png", "webp"]).toContain(format);
        expect(left).toEqual([]);
        expect(corners.topLeft[0]).toBeGreaterThan(200);
        expect(corners.topLeft[1]).toBeLessThan(80);
      }
    });

    it("is the first frame of an animation", async () => {
      const { slug } = await companyWithLogo(asFile(await animation(120, 120, "gif"), "logo.gif"));
      const { logo, favicon } = await picturesOf(slug);
      for (const { left, corners } of [logo, favicon]) {
        expect(left).toEqual([]);
        expect(corners.topLeft[0]).toBeGreaterThan(200);
        expect(corners.topLeft[1]).toBeLessThan(80);
      }
    });

    it("never shows the file as it was uploaded to everybody", async () => {
      const { slug } = await companyWithLogo(asFile(await makePng(), "logo.png"));
      const { logoUrl } = await branding(slug);
      const id = new URL(logoUrl!).pathname.split("/")[2];
      for (const path of [
        `public/${id}/logo.png`,
        `public/${id}/original/logo.png`,
        `public/${id}/large/l.png`,
      ])
        expect((await download(`${world.server.url}/${path}`)).status).toBe(404);
      expect((await download(`${world.server.url}/files/${id}/logo.png`)).status).toBe(401);
    });

    it("is gone at once when it is removed or replaced, and with its company until that comes back", async () => {
      const { slug, companyId } = await companyWithLogo(asFile(await makePng(), "logo.png"));
      const { manager, admin } = world.people;
      const first = await branding(slug);
      const variables = { input: { companyId, file: asFile(await makePng(), "new.png") } };
      await manager.client.mutate({ mutation: SetCompanyLogoDocument, variables });
      expect((await download(first.logoUrl)).status).toBe(410);
      expect(await branding(slug)).toMatchObject({ logoUrl: null, logoThumbnailUrl: null, faviconUrl: null });
      await renderPending(world.server);
      const second = await branding(slug);
      expect((await download(second.faviconUrl)).status).toBe(200);

      await world.server.gql(
        `mutation ($id: ID!) { deleteCompany(id: $id) { logoUrl } }`,
        { id: companyId },
        admin.token,
      );
      expect((await download(second.faviconUrl)).status).toBe(404);
      expect((await world.server.gql(CompanyBrandingDocument, { slug })).data!.companyBranding).toBeNull();
      await world.server.gql(
        `mutation ($id: ID!) { restoreCompany(id: $id) { id } }`,
        { id: companyId },
        admin.token,
      );
      expect((await download(second.faviconUrl)).status).toBe(200);

      await world.server.gql(RemoveCompanyLogoDocument, { companyId }, manager.token);
      expect((await download(second.faviconUrl)).status).toBe(410);
      expect(await branding(slug)).toMatchObject({ logoUrl: null, logoThumbnailUrl: null, faviconUrl: null });
    });
  });

  describe("an avatar, once it is rendered", () => {
    const facesOf = async (companyId: string, viewer: SignedIn) => {
      const answer = await world.server.gql(FacesDocument, { companyId }, viewer.token);
      return new Map(answer.data!.company!.memberships.nodes.map(({ user }) => [user.id, user]));
    };

    it("is seen by the people of a company that does not keep it, signed for each of them", async () => {
      const { agent, manager, admin, stranger, outsideManager } = world.people;
      const companyId = await world.newCompany();
      const file = asFile(await rotatedPhoneJpeg(300, 500), "me.jpg");
      await agent.client.mutate({ mutation: SetAvatarDocument, variables: { file } });
      expect((await facesOf(companyId, manager)).get(agent.id)).toMatchObject({
        avatarUrl: null,
        avatarThumbnailUrl: null,
      });
      await renderPending(world.server);
      const urls = new Set<string>();
      for (const viewer of [manager, admin, agent]) {
        const { avatarUrl, avatarThumbnailUrl } = (await facesOf(companyId, viewer)).get(agent.id)!;
        urls.add(avatarUrl!);
        const [picture, thumbnail] = [await download(avatarUrl), await download(avatarThumbnailUrl)];
        expect([picture.status, thumbnail.status]).toEqual([200, 200]);
        expect(await lookAt(picture.bytes)).toMatchObject({ width: 120, height: 200, left: [] });
        expect(await lookAt(thumbnail.bytes)).toMatchObject({ width: 64, height: 64, left: [] });
        // Without the signature it is nobody's, and with a stranger's own token it does not exist.
        const bare = avatarUrl!.split("?", 1)[0]!;
        expect((await download(bare)).status).toBe(401);
        for (const other of [stranger, outsideManager])
          expect((await download(bare, other)).status).toBe(404);
      }
      expect(urls.size).toBe(3);
      await world.server.gql(RemoveAvatarDocument, {}, agent.token);
      expect((await facesOf(companyId, manager)).get(agent.id)!.avatarUrl).toBeNull();
      for (const url of urls) expect([404, 410]).toContain((await download(url)).status);
    });

    it("costs a list of tickets two statements at most, whatever it holds", async () => {
      const companyId = await world.newCompany();
      const { requester, participant, agent, customer, manager } = world.people;
      for (const person of [requester, participant, agent])
        await person.client.mutate({
          mutation: SetAvatarDocument,
          variables: { file: asFile(await makePng({ width: 99, height: 99 }), "me.png") },
        });
      await renderPending(world.server);
      for (let index = 0; index < 10; index++) {
        const { id } = await world.openTicket([requester, participant][index % 2]!, { companyId });
        await world.server.gql(UpdateTicketDocument, { input: { id, assigneeId: agent.id } }, agent.token);
        await world.addParticipant(id, customer);
      }
      const cost = (first: number) =>
        countStatements(statements, async () => {
          const variables = { filter: { companyId }, first };
          const { data } = await world.server.gql(FacesOfTicketsDocument, variables, manager.token);
          expect(data!.tickets.nodes).toHaveLength(first);
          const faces = data!.tickets.nodes.flatMap(({ requester, assignee }) => [requester, assignee]);
          expect(faces.map((face) => face?.avatarThumbnailUrl)).not.toContain(null);
        });
      expect(await cost(2)).toBe(await cost(10));
      // One for requesters and assignees; who else takes part is known a step later.
      expect(statements.filter((statement) => statement.includes("media_usages")).length).toBeLessThanOrEqual(
        2,
      );
    });
  });

  it("shows the demo's logos and faces a moment after the first start", async () => {
    const server = await startTestServer({ env: { WORKER: "on" } });
    try {
      const { token } = await server.signInAs("customer@acme.test");
      const logo = async (slug: string) =>
        (await server.gql(CompanyBrandingDocument, { slug })).data!.companyBranding!.logoUrl;
      const faces = `{ tickets { nodes { requester { name avatarThumbnailUrl } } } }`;
      type Faces = {
        tickets: { nodes: { requester: { name: string; avatarThumbnailUrl: string | null } }[] };
      };
      const face = async () => (await server.gql<Faces>(faces, {}, token)).data!.tickets.nodes[0]!.requester;
      for (const slug of ["acme", "globex"]) {
        while ((await logo(slug)) === null);
        const { bytes } = await download(await logo(slug));
        expect((await sharp(bytes).metadata()).hasAlpha).toBe(true);
      }
      while ((await face()).avatarThumbnailUrl === null);
      const { name, avatarThumbnailUrl } = await face();
      expect(name).toBe("Clara Novak");
      expect(await lookAt((await download(avatarThumbnailUrl)).bytes)).toMatchObject({
        width: 64,
        height: 64,
      });
    } finally {
      await server.close();
    }
  });
});
