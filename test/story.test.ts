import { createHash } from "node:crypto";
import type { ApolloClient } from "@apollo/client";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  AttachmentDocument,
  CreateTicketDocument,
  DeleteAttachmentDocument,
  RestoreAttachmentDocument,
  TicketDocument,
  TicketsDocument,
} from "./support/generated/operations.js";
import { fixture, makeJpeg } from "./support/make-files.js";
import { bearer, codeOf, createClient } from "./support/test-client.js";
import type { TestServer } from "./support/test-server.js";
import { startTestServer } from "./support/test-server.js";

let server: TestServer;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const statusOf = async (url: string, token?: string) => {
  const response = await fetch(url, { headers: bearer(token) });
  await response.arrayBuffer();
  return response.status;
};

const withoutSignature = (url: string) => url.split("?", 1)[0]!;

const readTicket = async (client: ApolloClient, id: string) =>
  (await client.query({ query: TicketDocument, variables: { id }, fetchPolicy: "network-only" })).data
    ?.ticket ?? null;

describe("story", () => {
  beforeAll(async () => {
    server = await startTestServer();
  });

  afterAll(() => server?.close());

  it("walks with a new user from signing in to a restored file that survives a restart", async () => {
    const photo = await makeJpeg({ width: 1200, height: 800 });
    const manual = fixture("notes.pdf");

    // A customer signs in and opens a ticket with a photo and a document.
    const customer = await server.signInAs("customer@acme.test");
    const companyId = await companyOf("acme");
    const opened = await customer.client.mutate({
      mutation: CreateTicketDocument,
      variables: {
        input: {
          companyId,
          subject: "The tap drips",
          description: "In room 118, since Monday.",
          priority: "HIGH",
          files: [
            new File([photo], "tap – Raum 118.jpg", { type: "image/jpeg" }),
            new File([manual], "manual.pdf", { type: "application/pdf" }),
          ],
        },
      },
    });
    const ticket = opened.data!.createTicket;
    expect(ticket).toMatchObject({
      subject: "The tap drips",
      status: "OPEN",
      priority: "HIGH",
      requester: { email: "customer@acme.test" },
      company: { slug: "acme" },
      attachmentCount: 2,
      attachmentBytes: photo.length + manual.length,
    });

    // It stands first in the list.
    const list = await customer.client.query({ query: TicketsDocument, variables: { first: 5 } });
    expect(list.data?.tickets.edges[0]?.node).toMatchObject({ id: ticket.id, number: ticket.number });

    // Both files come back as they were sent, with a signed URL and no header.
    const [image, document] = ticket.attachments.nodes;
    expect(image).toMatchObject({
      fileName: "tap – Raum 118.jpg",
      mimeType: "image/jpeg",
      size: photo.length,
      scanStatus: "NOT_SCANNED",
      uploadedBy: { email: "customer@acme.test" },
      mediaFile: { kind: "IMAGE", bucket: "ATTACHMENTS", width: 1200, height: 800, sha256: sha256(photo) },
    });
    expect(document).toMatchObject({ fileName: "manual.pdf", mimeType: "application/pdf" });
    for (const [attachment, bytes] of [
      [image!, photo],
      [document!, manual],
    ] as const)
      for (const url of [attachment.url, attachment.mediaFile!.url]) {
        expect(url.startsWith(server.url)).toBe(true);
        const response = await fetch(url);
        expect(response.status).toBe(200);
        expect(response.headers.get("content-type")).toBe(attachment.mimeType);
        expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(sha256(bytes));
      }

    // Deleted is gone at once; the client's cache learns the new figures from the answer.
    await readTicket(customer.client, ticket.id);
    const deleted = await customer.client.mutate({
      mutation: DeleteAttachmentDocument,
      variables: { id: image!.id },
    });
    expect(deleted.data?.deleteAttachment.deletedAt).not.toBeNull();
    const cached = customer.client.readQuery({ query: TicketDocument, variables: { id: ticket.id } });
    expect(cached?.ticket).toMatchObject({ attachmentCount: 1, attachmentBytes: manual.length });
    const shorter = await readTicket(customer.client, ticket.id);
    expect(shorter).toMatchObject({ attachmentCount: 1, attachmentBytes: manual.length });
    expect(shorter?.attachments).toMatchObject({ totalCount: 1, nodes: [{ id: document!.id }] });
    expect(await statusOf(image!.url)).toBe(410);
    expect(await statusOf(image!.mediaFile!.url)).toBe(410);
    expect(await statusOf(document!.url)).toBe(200);

    // Restored, it is what it was.
    const restored = await customer.client.mutate({
      mutation: RestoreAttachmentDocument,
      variables: { id: image!.id },
    });
    expect(restored.data?.restoreAttachment).toMatchObject({
      deletedAt: null,
      ticket: { attachmentCount: 2, attachmentBytes: photo.length + manual.length },
    });
    expect((await readTicket(customer.client, ticket.id))?.attachments.nodes.map(({ id }) => id)).toEqual([
      image!.id,
      document!.id,
    ]);
    expect(await statusOf(image!.url)).toBe(200);

    // For a customer of another company there is no such ticket, and no such file.
    const stranger = await server.signInAs("customer@globex.test");
    expect(await readTicket(stranger.client, ticket.id)).toBeNull();
    const seen = await stranger.client.query({ query: AttachmentDocument, variables: { id: image!.id } });
    expect(seen.data?.attachment).toBeNull();
    expect(
      await codeOf(
        stranger.client.mutate({ mutation: DeleteAttachmentDocument, variables: { id: image!.id } }),
      ),
    ).toBe("NOT_FOUND");
    for (const { url, mediaFile } of [image!, document!]) {
      expect(await statusOf(withoutSignature(url), stranger.token)).toBe(404);
      expect(await statusOf(withoutSignature(mediaFile!.url), stranger.token)).toBe(404);
    }

    // The company's agent sees all of it; who has not signed in, nothing.
    const agent = await server.signInAs("agent@acme.test");
    const forAgent = await readTicket(agent.client, ticket.id);
    expect(forAgent).toMatchObject({ number: ticket.number, attachments: { totalCount: 2 } });
    expect(await statusOf(forAgent!.attachments.nodes[0]!.url)).toBe(200);
    expect(await statusOf(withoutSignature(image!.url), agent.token)).toBe(200);
    expect(await statusOf(withoutSignature(image!.url))).toBe(401);
    expect(await codeOf(readTicket(createClient(server.url), ticket.id))).toBe("UNAUTHENTICATED");

    // And all of it is still there when the server has been started again.
    await server.restart();
    expect(await readTicket(customer.client, ticket.id)).toMatchObject({
      number: ticket.number,
      attachmentCount: 2,
      attachmentBytes: photo.length + manual.length,
    });
    const again = await fetch(image!.url);
    expect(sha256(new Uint8Array(await again.arrayBuffer()))).toBe(sha256(photo));
  });
});

async function companyOf(slug: string): Promise<string> {
  const { data } = await server.gql<{ viewer: { memberships: { company: { id: string; slug: string } }[] } }>(
    "{ viewer { memberships { company { id slug } } } }",
    undefined,
    (await server.signInAs(`customer@${slug}.test`)).token,
  );
  return data!.viewer.memberships[0]!.company.id;
}
