import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { createImportTargets } from "../../../../src/app/wiring/imports.js";
import { createMediaImportService } from "../../../../src/modules/media/import/media-import.service.js";
import type { ChatWorld } from "../../../support/chat-world.js";
import { startChatWorld } from "../../../support/chat-world.js";
import type { Clamd } from "../../../support/clamd.js";
import { eicar, hasClamd, malware, startClamd } from "../../../support/clamd.js";
import { storageOf } from "../../../support/desk-storage.js";
import { until } from "../../../support/feed-world.js";
import { followStream } from "../../../support/follow-stream.js";
import {
  ReplaceMediaFileDocument,
  SetAvatarDocument,
  SetCompanyLogoDocument,
} from "../../../support/generated/operations.js";
import { brokenPromises } from "../../../support/inventory.js";
import { makeJpeg } from "../../../support/make-files.js";
import { renderPending } from "../../../support/render-pending.js";
import {
  asFile,
  download,
  findUnscanned,
  INLINE_BYTES,
  infectedFiles,
  largeText,
  scanRequested,
} from "../../../support/scanned-desk.js";
import { patchBytes, stageFile, startUpload } from "../../../support/staged-uploads.js";
import { codeIn, codeOf } from "../../../support/test-client.js";
import type { SignedIn } from "../../../support/test-server.js";

const FIELDS = "id fileName url scanStatus scannedAt scanResult mediaFile { id url scanStatus scanResult }";

interface Seen {
  readonly id: string;
  readonly url: string;
  readonly scanStatus: string;
  readonly scannedAt: string | null;
  readonly scanResult: string | null;
  readonly mediaFile: { readonly id: string; readonly url: string; readonly scanResult: string | null };
}

(hasClamd() ? describe : describe.skip)("a desk with a scanner", () => {
  let clamd: Clamd;
  let world: ChatWorld;
  let companyId: string;
  let ticketId: string;
  const people = () => world.people;

  const attach = async (by: SignedIn, file: File) => {
    const [attached] = await world.attach(by, { ticketId, files: [file] });
    return attached!;
  };
  const attachmentFor = async (by: SignedIn, id: string) => {
    const query = `query ($id: ID!) { attachment(id: $id) { ${FIELDS} } }`;
    return (await world.server.gql<{ attachment: Seen | null }>(query, { id }, by.token)).data!.attachment;
  };
  const listFor = async (by: SignedIn) => {
    const { data } = await world.server.gql<{
      ticket: { attachments: { nodes: { id: string }[]; edges: object[]; totalCount: number } };
    }>(
      "query ($id: ID!) { ticket(id: $id) { attachments(first: 5) { nodes { id } edges { cursor } totalCount } } }",
      { id: ticketId },
      by.token,
    );
    const { nodes, edges, totalCount } = data!.ticket.attachments;
    expect([nodes.length, totalCount]).toEqual([edges.length, edges.length]);
    return nodes.map(({ id }) => id);
  };
  const auditOf = (action: string) =>
    world.server.database.sql<
      { actor: string | null; address: string; userAgent: string; details: Record<string, unknown> }[]
    >`
      select actor_id as actor, address, user_agent as "userAgent", details from audit_log
      where company_id = ${companyId} and action = ${action} order by id`;
  const eventsOf = async (topic: string) => {
    const events = await world.server.database.sql<{ type: string }[]>`
      select type from events where topic = ${topic} order by sequence`;
    return events.map(({ type }) => type);
  };
  const storedKeys = async () => {
    const keys: string[] = [];
    for await (const { key } of storageOf(world.server.dataFolder).walk()) keys.push(key);
    return keys.filter((key) => key.includes(companyId)).sort();
  };

  beforeAll(async () => {
    clamd = await startClamd();
    world = await startChatWorld({
      env: {
        SCANNER: "clamd",
        CLAMD_URL: clamd.tcpUrl,
        SCAN_INLINE_MEGABYTES: String(INLINE_BYTES / 1024 ** 2),
      },
    });
  });
  beforeEach(async () => {
    companyId = await world.newCompany();
    ticketId = (await world.openTicket(people().requester, { companyId })).id;
    await world.addParticipant(ticketId, people().participant);
  });
  afterEach(async () => {
    const { database, dataFolder } = world.server;
    expect(await brokenPromises(database.sql, dataFolder)).toEqual([]);
  });
  afterAll(async () => {
    await world?.close();
    await clamd?.close();
  });

  it("scans a small file before the answer, and says when", async () => {
    const { requester, participant } = people();
    const { id, url } = await attach(requester, asFile("hello"));
    expect(await attachmentFor(participant, id)).toMatchObject({
      scanStatus: "CLEAN",
      scannedAt: expect.any(String),
      scanResult: null,
    });
    expect(await download(url, participant)).toEqual({ status: 200, text: "hello" });
    expect(await scanRequested(world.server)).toEqual([]);
  });

  it.each(Object.keys(infectedFiles()))(
    "refuses %s at once and keeps nothing but the record",
    async (name) => {
      const { requester } = people();
      const bytes = infectedFiles()[name]!;
      expect(await codeOf(attach(requester, asFile(bytes, name)))).toBe("FILE_INFECTED");
      expect(await storedKeys()).toEqual([]);
      expect(await listFor(requester)).toEqual([]);
      expect(await auditOf("media-file.infected-upload-refused")).toMatchObject([
        { actor: requester.id, details: { fileName: name, signature: expect.stringMatching(/^Local\./) } },
      ]);
    },
  );

  it("refuses one that comes in two parts of a resumable upload", async () => {
    const { requester } = people();
    const { url: server } = world.server;
    const bytes = infectedFiles()["eicar.zip"]!;
    const upload = await startUpload(
      { url: server, token: requester.token },
      { bucket: "ATTACHMENTS", ticketId, fileName: "a.zip", size: bytes.length },
    );
    const half = 60;
    expect((await patchBytes(upload.url, requester.token, bytes.subarray(0, half))).status).toBe(204);
    const end = await patchBytes(upload.url, requester.token, bytes.subarray(half), { offset: half });
    expect(end).toMatchObject({ status: 422, code: "FILE_INFECTED" });
    expect(await storedKeys()).toEqual([]);
    expect(await auditOf("media-file.infected-upload-refused")).toMatchObject([
      { actor: requester.id, address: "127.0.0.1", userAgent: expect.any(String) },
    ]);
  });

  it("shows a large file to its uploader and the staff alone until it is scanned, and gives it to nobody", async () => {
    const { requester, participant, agent } = people();
    const content = largeText();
    const { id, url } = await attach(requester, asFile(content));
    const mediaUrl = (await attachmentFor(agent, id))!.mediaFile.url;
    for (const by of [requester, agent]) {
      expect(await attachmentFor(by, id)).toMatchObject({ scanStatus: "PENDING", scannedAt: null });
      expect(await listFor(by)).toEqual([id]);
      for (const one of [url, mediaUrl])
        expect(await download(one, by)).toEqual({
          status: 423,
          code: "FILE_NOT_SCANNED",
          retryAfter: expect.any(String),
        });
    }
    expect(await attachmentFor(participant, id)).toBeNull();
    expect(await listFor(participant)).toEqual([]);
    for (const one of [url, mediaUrl]) expect((await download(one, participant)).status).toBe(404);

    expect(await scanRequested(world.server)).toEqual(["clean"]);
    expect(await attachmentFor(participant, id)).toMatchObject({
      scanStatus: "CLEAN",
      scannedAt: expect.any(String),
    });
    expect(await listFor(participant)).toEqual([id]);
    for (const one of [url, mediaUrl])
      expect(await download(one, participant)).toEqual({ status: 200, text: content });
    expect((await eventsOf(`ticket:${ticketId}`)).slice(-2)).toEqual([
      "attachment.added",
      "attachment.updated",
    ]);
    expect((await eventsOf(`media:${companyId}`)).at(-1)).toBe("file.scanned");
  });

  it("quarantines a large file that is infected, tells of it, and takes the same bytes no more", async () => {
    const { requester, participant, agent } = people();
    const file = asFile(largeText(malware()));
    const { id, url } = await attach(requester, file);
    expect(await scanRequested(world.server)).toEqual(["quarantined"]);
    const mediaUrl = (await attachmentFor(agent, id))!.mediaFile.url;
    for (const by of [requester, participant, agent])
      for (const one of [url, mediaUrl])
        expect(await download(one, by)).toEqual({ status: 403, code: "FILE_INFECTED" });
    expect(await storedKeys()).toEqual([expect.stringMatching(/^quarantine\//)]);
    const signature = "Local.Marker.UNOFFICIAL";
    expect(await attachmentFor(agent, id)).toMatchObject({
      scanStatus: "QUARANTINED",
      scanResult: signature,
      mediaFile: { scanStatus: "QUARANTINED", scanResult: signature },
    });
    expect(await attachmentFor(requester, id)).toMatchObject({
      scanStatus: "QUARANTINED",
      scanResult: null,
      mediaFile: { scanResult: null },
    });
    expect((await eventsOf(`ticket:${ticketId}`)).at(-1)).toBe("attachment.updated");
    expect((await eventsOf(`media:${companyId}`)).at(-1)).toBe("file.infected");
    expect(await auditOf("media-file.quarantined")).toMatchObject([{ actor: null, details: { signature } }]);

    expect(await codeOf(attach(agent, file))).toBe("FILE_INFECTED");
    expect(await listFor(agent)).toEqual([id]);
    // Repeated, the job changes nothing.
    const [blob] = await world.server.database.sql<{ id: string }[]>`
      select id from blobs where company_id = ${companyId} and scan_status = 'QUARANTINED'`;
    for (const again of [false, true])
      await world.server.services.scanJobs.scanFile.run(
        { blobId: blob!.id, again },
        new AbortController().signal,
      );
    await world.server.services.rescan({ which: "quarantined" });
    expect(await scanRequested(world.server)).toContain("quarantined");
    expect(await findUnscanned(world.server)).toMatchObject({ requested: 0 });
    expect(await auditOf("media-file.quarantined")).toHaveLength(1);
  });

  it("tells of every file that has infected bytes, however many there are", async () => {
    const { agent } = people();
    const { id } = await attach(people().requester, asFile(largeText(malware())));
    const more = 250;
    const { sql } = world.server.database;
    const { mediaFile } = (await attachmentFor(agent, id))!;
    await sql.begin(async (tx) => {
      await tx`create temp table more_files on commit drop as
        select gen_random_uuid() as id, gen_random_uuid() as attachment_id from generate_series(1, ${more})`;
      await tx`insert into media_files
        select (jsonb_populate_record(f, jsonb_build_object('id', m.id))).* from media_files f, more_files m
        where f.id = ${mediaFile.id}`;
      await tx`insert into attachments
        select (jsonb_populate_record(a, jsonb_build_object('id', m.attachment_id, 'media_file_id', m.id))).*
        from attachments a, more_files m where a.id = ${id}`;
      await tx`insert into media_usages
        select (jsonb_populate_record(u, jsonb_build_object('id', gen_random_uuid(), 'media_file_id', m.id, 'resource_id', m.attachment_id))).*
        from media_usages u, more_files m where u.media_file_id = ${mediaFile.id}`;
      await tx`update tickets set attachment_count = attachment_count * (${more}::int + 1),
        attachment_bytes = attachment_bytes * (${more}::int + 1) where id = ${ticketId}`;
    });
    expect(await scanRequested(world.server)).toEqual(["quarantined"]);
    const [audited] = await sql`select count(distinct subject_id)::int as files, count(*)::int as entries
      from audit_log where company_id = ${companyId} and action = 'media-file.quarantined'`;
    expect(audited).toEqual({ files: more + 1, entries: more + 1 });
    const [told] = await sql`select count(distinct payload ->> 'attachmentId')::int as attachments from events
      where topic = ${`ticket:${ticketId}`} and type = 'attachment.updated'`;
    expect(told).toEqual({ attachments: more + 1 });
    const [named] =
      await sql`select count(distinct file)::int as files, max(jsonb_array_length(payload -> 'mediaFileIds')) as most
      from events, jsonb_array_elements(payload -> 'mediaFileIds') file
      where topic = ${`media:${companyId}`} and type = 'file.infected'`;
    expect(named).toEqual({ files: more + 1, most: 100 });
  });

  it("shares the verdict among files of equal bytes, and renders none of them before it", async () => {
    const { requester, participant } = people();
    const photo = await makeJpeg({ width: 400, height: 300 });
    const bytes = Buffer.concat([photo, Buffer.alloc(2 * INLINE_BYTES)]);
    const first = await attach(requester, asFile(bytes, "a.jpg"));
    const second = await attach(requester, asFile(bytes, "b.jpg"));
    await renderPending(world.server);
    expect((await storedKeys()).filter((key) => !key.includes("originals"))).toEqual([]);
    expect(await scanRequested(world.server)).toContain("clean");
    await renderPending(world.server);
    expect((await storedKeys()).filter((key) => !key.includes("originals"))).toHaveLength(3);
    for (const { url } of [first, second]) expect((await download(url, participant)).status).toBe(200);
  });

  describe("whose scanner is down", () => {
    beforeEach(() => clamd.kill());
    afterEach(async () => {
      await clamd.kill();
      await clamd.start();
    });

    it("takes files, gives them to nobody, and scans them by itself when it is back", async () => {
      const { requester, participant } = people();
      const clean = await attach(requester, asFile(`small ${Math.random()}`));
      const infected = await attach(requester, asFile(eicar(), "eicar.txt"));
      expect((await attachmentFor(requester, clean.id))?.scanStatus).toBe("PENDING");
      expect(await scanRequested(world.server)).toEqual(["no verdict", "no verdict"]);
      expect(await findUnscanned(world.server)).toEqual({ requested: 0, scanner: "unavailable" });
      for (const { url } of [clean, infected]) {
        expect((await download(url, requester)).status).toBe(423);
        expect((await download(url, participant)).status).toBe(404);
      }
      const ready = await fetch(`${world.server.url}/readyz`);
      expect([ready.status, await ready.json()]).toEqual([
        200,
        { status: "degraded", checks: { database: "ok", storage: "ok", scanner: "failed" } },
      ]);

      await clamd.start();
      expect(await findUnscanned(world.server)).toEqual({ requested: 2, scanner: "available" });
      expect(await findUnscanned(world.server)).toEqual({ requested: 0, scanner: "available" });
      expect((await scanRequested(world.server)).sort()).toEqual(["clean", "quarantined"]);
      expect((await download(clean.url, participant)).status).toBe(200);
      expect((await download(infected.url, participant)).status).toBe(403);
    });

    it("keeps the request to scan files again until it is back, and gives them out meanwhile", async () => {
      const { requester, participant } = people();
      await clamd.start();
      const text = "harmless-until-today";
      const files = [asFile(`${text} ${Math.random()}`), asFile(`${Math.random()}`), asFile("never scanned")];
      const urls = await Promise.all(files.map(async (file) => (await attach(requester, file)).url));
      const { sql } = world.server.database;
      await sql`update blobs set scan_status = 'NOT_SCANNED', scanned_at = null
        where company_id = ${companyId} and size = 13`;
      const [{ toScan, scanned }] = (await sql`
        select count(*)::int as "toScan", count(*) filter (where scan_status <> 'PENDING')::int as scanned
        from blobs`) as unknown as [{ toScan: number; scanned: number }];
      await clamd.kill();
      const { services } = world.server;
      expect(await services.rescan({ which: "all" })).toEqual({ requested: toScan, waiting: scanned });
      expect(new Set(await scanRequested(world.server))).toEqual(new Set(["no verdict"]));
      expect(await findUnscanned(world.server)).toEqual({ requested: 0, scanner: "unavailable" });
      for (const url of urls) expect((await download(url, participant)).status).toBe(200);
      // A job of an older version, and one that a verdict has overtaken, come without a request on record.
      await sql`update blobs set scan_retry_at = null where company_id = ${companyId}`;
      const ids = await sql<{ id: string }[]>`select id from blobs where company_id = ${companyId}`;
      for (const { id } of ids)
        await services.scanJobs.scanFile.run({ blobId: id, again: true }, new AbortController().signal);

      await clamd.setSignatures(
        `Local.Eicar-Test:0:0:${eicar().toString("hex")}\nLocal.New:0:*:${Buffer.from(text).toString("hex")}\n`,
      );
      await clamd.start();
      expect(await findUnscanned(world.server)).toEqual({ requested: toScan, scanner: "available" });
      await scanRequested(world.server);
      const statuses = await Promise.all(urls.map(async (url) => (await download(url, participant)).status));
      expect(statuses).toEqual([403, 200, 200]);
      // Every request has had its answer, those of files in quarantine too.
      expect(await findUnscanned(world.server)).toEqual({ requested: 0, scanner: "available" });
      expect(await services.rescan({ which: "not scanned" })).toEqual({ requested: 0, waiting: 0 });
      await clamd.setSignatures();
    });

    it("does not take an upload that is checked while it is down for a clean one later", async () => {
      const { requester } = people();
      const by = { url: world.server.url, token: requester.token };
      const id = await stageFile(by, { bucket: "ATTACHMENTS", ticketId, fileName: "a.txt" }, eicar());
      await clamd.start();
      const [attached] = await world.attach(requester, { ticketId, stagedUploadIds: [id] });
      expect((await download(attached!.url, requester)).status).toBe(423);
      expect(await scanRequested(world.server)).toEqual(["quarantined"]);
      expect((await download(attached!.url, requester)).status).toBe(403);
    });
  });

  it("scans what replaces a file, and hides it from others until then", async () => {
    const { requester, participant, agent } = people();
    const { id, url } = await attach(agent, asFile(`one ${Math.random()}`));
    const mediaFileId = (await attachmentFor(agent, id))!.mediaFile.id;
    const replace = (file: File) =>
      agent.client.mutate({
        mutation: ReplaceMediaFileDocument,
        variables: { input: { id: mediaFileId, file } },
      });
    expect(await codeOf(replace(asFile(eicar(), "a.txt")))).toBe("FILE_INFECTED");
    expect((await download(url, participant)).status).toBe(200);
    await replace(asFile(largeText(malware())));
    expect((await download(url, agent)).status).toBe(423);
    for (const by of [requester, participant]) expect((await download(url, by)).status).toBe(404);
    expect(await scanRequested(world.server)).toEqual(["quarantined"]);
    expect((await download(url, participant)).status).toBe(403);
  });

  it.each(["CLEAN", "NOT_SCANNED"])(
    "scans a %s file again at once when an upload of the same bytes is refused",
    async (status) => {
      const { requester, participant } = people();
      const { sql } = world.server.database;
      const text = "harmless-until-noon";
      const bytes = Buffer.from(`${text} ${Math.random()}`);
      const file = asFile(bytes);
      const { url } = await attach(requester, file);
      await sql`update blobs set scan_status = ${status} where company_id = ${companyId}`;
      await clamd.kill();
      await clamd.setSignatures(
        `Local.Eicar-Test:0:0:${eicar().toString("hex")}\nLocal.New:0:*:${Buffer.from(text).toString("hex")}\n`,
      );
      await clamd.start();
      const by = { url: world.server.url, token: requester.token };
      expect(await codeOf(attach(requester, file))).toBe("FILE_INFECTED");
      const upload = { bucket: "ATTACHMENTS", ticketId, fileName: "a.txt", size: bytes.length } as const;
      const { url: target } = await startUpload(by, upload);
      expect(await patchBytes(target, requester.token, bytes)).toMatchObject({ code: "FILE_INFECTED" });
      expect(await auditOf("media-file.infected-upload-refused")).toHaveLength(2);
      expect((await download(url, participant)).status).toBe(200);
      expect(await scanRequested(world.server)).toEqual(["quarantined", "quarantined"]);
      expect((await download(url, participant)).status).toBe(403);
      await clamd.kill();
      await clamd.setSignatures();
      await clamd.start();
    },
  );

  describe("for pictures that everybody sees", () => {
    const setLogo = (file: File) =>
      people().manager.client.mutate({
        mutation: SetCompanyLogoDocument,
        variables: { input: { companyId, file } },
      });
    const setAvatar = (file: File) =>
      people().requester.client.mutate({ mutation: SetAvatarDocument, variables: { file } });
    const brandingOf = async () => {
      const [{ slug }] = (await world.server.database.sql`
        select slug from companies where id = ${companyId}`) as unknown as [{ slug: string }];
      const { data } = await world.server.gql<{ companyBranding: { logoUrl: string | null } }>(
        "query ($slug: String!) { companyBranding(slug: $slug) { logoUrl } }",
        { slug },
      );
      return data!.companyBranding;
    };
    const picture = (end = "") =>
      makeJpeg({ width: 300, height: 200 }).then((jpeg) =>
        asFile(Buffer.concat([jpeg, Buffer.from(`${end}${Math.random()}`)]), "logo.jpg"),
      );

    it("refuses infected logos and avatars", async () => {
      for (const set of [setLogo, setAvatar])
        expect(await codeOf(set(await picture(malware())))).toBe("FILE_INFECTED");
      expect(await storedKeys()).toEqual([]);
    });

    it("shows a logo that got no verdict to nobody until it gets one", async () => {
      await clamd.kill();
      await setLogo(await picture());
      await renderPending(world.server);
      expect((await brandingOf()).logoUrl).toBeNull();
      expect(await storedKeys()).toEqual([expect.stringContaining("/originals/")]);
      await clamd.start();
      expect(await scanRequested(world.server)).toEqual(["clean"]);
      await renderPending(world.server);
      expect((await fetch((await brandingOf()).logoUrl!)).status).toBe(200);
    });

    it("withdraws a logo in which a later signature finds something", async () => {
      await setLogo(await picture("harmless-until-tomorrow"));
      await renderPending(world.server);
      const { logoUrl } = await brandingOf();
      expect((await fetch(logoUrl!)).status).toBe(200);
      await clamd.kill();
      await clamd.setSignatures(
        `Local.Eicar-Test:0:0:${eicar().toString("hex")}\nLocal.New:0:*:${Buffer.from("harmless-until-tomorrow").toString("hex")}\n`,
      );
      await clamd.start();
      await world.server.services.rescan({ which: { scannedBefore: new Date(Date.now() + 60_000) } });
      expect(await scanRequested(world.server)).toContain("quarantined");
      expect((await fetch(logoUrl!)).status).toBe(403);
      await clamd.kill();
      await clamd.setSignatures();
      await clamd.start();
    });
  });

  it("scans what is imported", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scanned-import-"));
    await writeFile(join(folder, "eicar.zip"), infectedFiles()["eicar.zip"]!);
    await writeFile(join(folder, "large.txt"), largeText(malware()));
    const { sql, db } = world.server.database;
    const [{ slug }] = (await sql`select slug from companies where id = ${companyId}`) as unknown as [
      { slug: string },
    ];
    const manifest = join(folder, "manifest.csv");
    const lines = ["eicar.zip", "large.txt"].map(
      (name, at) => `${name},ATTACHMENTS,${slug},page,${at},banner\n`,
    );
    await writeFile(manifest, `source,bucket,company,resourceType,resourceId,fieldName\n${lines.join("")}`);
    const codes: string[] = [];
    const summary = await createMediaImportService({
      db,
      ingest: world.server.services.ingest,
      targets: createImportTargets(world.server.services),
    }).importAll({
      manifest,
      baseFolder: folder,
      as: "agent@acme.test",
      atOnce: 1,
      allowedHosts: [],
      signal: new AbortController().signal,
      onEvent: (event) => void (event.event === "failed" && codes.push(event.code)),
    });
    expect([summary.imported, codes]).toEqual([1, ["FILE_INFECTED"]]);
    expect(await scanRequested(world.server)).toEqual(["quarantined"]);
    expect(await storedKeys()).toEqual([expect.stringMatching(/^quarantine\//)]);
    await rm(folder, { recursive: true });
  });

  it("tells others of a file when it is clean, and not before", async () => {
    const { requester, participant } = people();
    const follow = (by: SignedIn) => followStream(world.server.url, `ticket:${ticketId}`, by.token);
    const streams = [follow(requester), follow(participant)];
    const told = () =>
      streams.map(({ events }) =>
        events.map(({ data }) => /Attachment\w+/.exec(String(data))?.[0] ?? "other"),
      );
    const large = await attach(requester, asFile(largeText()));
    const small = await attach(requester, asFile(`small ${Math.random()}`));
    await until(() => told().every((types) => types.includes("AttachmentAdded")));
    const ofFiles = () => told().map((types) => types.filter((type) => type !== "other"));
    await until(() => ofFiles()[0]!.length === 2);
    expect(ofFiles()).toEqual([["AttachmentAdded", "AttachmentAdded"], ["AttachmentAdded"]]);
    expect(await scanRequested(world.server)).toEqual(["clean"]);
    await until(() => ofFiles().every((types) => types.at(-1) === "AttachmentUpdated"));
    expect(JSON.stringify(streams[1]!.events.at(-1))).toContain(large.id);
    expect(JSON.stringify(streams[1]!.events)).toContain(small.id);
    await Promise.all(streams.map((stream) => stream.stop()));
  });

  it("tells nobody that a file is gone who never heard of it, on tickets and in conversations", async () => {
    const { requester, participant, agent } = people();
    const room = await world.start({ companyId, participantIds: [requester.id, participant.id] });
    const guest = await world.guestIn(room);
    const [onTicket, inRoom] = [`ticket:${ticketId}`, `conversation:${room}`];
    const follow = ({ token }: { token: string }, ...topics: string[]) =>
      topics.map((topic) => followStream(world.server.url, topic, token));
    const knowing = follow(requester, onTicket, inRoom);
    const others = [...follow(participant, onTicket, inRoom), ...follow(guest, inRoom)];
    const has = (text: string) => (stream: (typeof knowing)[number]) =>
      JSON.stringify(stream.events).includes(text);
    const remove = async (id: string) => {
      const mutation = "mutation ($id: ID!) { deleteAttachment(id: $id) { id } }";
      expect(codeIn(await world.server.gql(mutation, { id }, requester.token))).toBe("ok");
    };

    const { id: pending } = await attach(requester, asFile(largeText()));
    const said = await world.say(requester, room, { body: "It hums", files: [asFile(largeText())] });
    const [inChat] = await world.server.database.sql<{ id: string }[]>`
      select id from attachments where message_id = ${said.id}`;
    const { id: clean } = await attach(requester, asFile(`${Math.random()}`));
    for (const id of [pending, inChat!.id, clean]) await remove(id);
    const last = await world.say(agent, room, "the last");
    await until(() => knowing.every(has("AttachmentDeleted")));
    await until(() => has("AttachmentDeleted")(others[0]!) && others.slice(1).every(has(last.id)));
    const heard = others.map((stream) => [pending, inChat!.id, clean].map((id) => has(id)(stream)));
    await Promise.all([...knowing, ...others].map((stream) => stream.stop()));
    expect(heard).toEqual([
      [false, false, true],
      [false, false, false],
      [false, false, false],
    ]);
    expect(await scanRequested(world.server)).toEqual(["clean", "clean"]);
  });

  it("hides a file of a message from its other readers, guests among them, until it is scanned", async () => {
    const { requester, participant, agent } = people();
    const participantIds = [requester.id, participant.id];
    const room = await world.start({ companyId, participantIds });
    const guest = await world.guestIn(room);
    const { id } = await world.say(guest, room, { body: "It hums", files: [asFile(largeText())] });
    const query = `query ($id: ID!) { conversation(id: $id) { messages(first: 5) { nodes {
      id attachments(first: 5) { totalCount nodes { url scanStatus } } } } } }`;
    const seenBy = async ({ token }: { token: string }) => {
      const { data } = await world.server.gql<{
        conversation: {
          messages: {
            nodes: { id: string; attachments: { totalCount: number; nodes: { url: string }[] } }[];
          };
        };
      }>(query, { id: room }, token);
      const { attachments } = data!.conversation.messages.nodes.find((message) => message.id === id)!;
      expect(attachments.totalCount).toBe(attachments.nodes.length);
      return attachments.nodes;
    };
    const [first] = await seenBy(guest);
    for (const by of [guest, agent]) expect((await download(first!.url, by as SignedIn)).status).toBe(423);
    for (const by of [requester, participant]) {
      expect(await seenBy(by)).toEqual([]);
      expect((await download(first!.url, by)).status).toBe(404);
    }
    expect(await scanRequested(world.server)).toEqual(["clean"]);
    for (const by of [guest, agent, requester, participant]) {
      expect(await seenBy(by)).toMatchObject([{ scanStatus: "CLEAN" }]);
      expect((await download(first!.url, by as SignedIn)).status).toBe(200);
    }
    expect((await world.log(room)).at(-1)).toMatchObject({ type: "message.updated" });
  });

  describe("with a file in quarantine", () => {
    const release = ({ token }: SignedIn, id: string) =>
      world.server.gql<{ releaseQuarantined: { scanStatus: string; scanResult: string } }>(
        "mutation ($id: ID!) { releaseQuarantined(id: $id) { scanStatus scanResult } }",
        { id },
        token,
      );
    const quarantined = async (file: File) => {
      const { id, url } = await attach(people().requester, file);
      expect(await scanRequested(world.server)).toEqual(["quarantined"]);
      return { url, mediaFileId: (await attachmentFor(people().agent, id))!.mediaFile.id };
    };

    it("lets managers alone release it, and holds the same signature against it no more", async () => {
      const { requester, participant, agent, manager, outsideManager } = people();
      const content = largeText(malware());
      const { url, mediaFileId } = await quarantined(asFile(content));
      for (const by of [requester, agent]) expect(codeIn(await release(by, mediaFileId))).toBe("FORBIDDEN");
      expect(codeIn(await release(outsideManager, mediaFileId))).toBe("NOT_FOUND");
      expect((await download(url, participant)).status).toBe(403);
      expect((await release(manager, mediaFileId)).data?.releaseQuarantined).toEqual({
        scanStatus: "CLEAN",
        scanResult: "Local.Marker.UNOFFICIAL",
      });
      expect(await download(url, participant)).toEqual({ status: 200, text: content });
      expect(await storedKeys()).toEqual([expect.not.stringContaining("quarantine")]);
      expect(await auditOf("media-file.released")).toMatchObject([{ actor: manager.id }]);
      expect(codeIn(await release(manager, mediaFileId))).toBe("CONFLICT");
      // Neither a new scan nor a new upload of the same bytes takes it back.
      await world.server.services.rescan({ which: "all" });
      expect(await scanRequested(world.server)).toContain("scanned before");
      expect((await download(url, participant)).status).toBe(200);
      const again = await attach(requester, asFile(content));
      expect((await download(again.url, participant)).status).toBe(200);
    });

    it("remembers each signature it was released with, through clean scans and detections of others", async () => {
      const { manager, participant } = people();
      const text = "harmless-until-later";
      const { url, mediaFileId } = await quarantined(asFile(largeText(`${malware()} ${text}`)));
      const old = `Local.Eicar-Test:0:0:${eicar().toString("hex")}\n`;
      const later = `Local.Later:0:*:${Buffer.from(text).toString("hex")}\n`;
      const scanWith = async (lines?: string) => {
        await clamd.kill();
        await clamd.setSignatures(lines);
        await clamd.start();
        await world.server.services.rescan({ which: "all" });
        await scanRequested(world.server);
        return (await download(url, participant)).status;
      };
      expect(codeIn(await release(manager, mediaFileId))).toBe("ok");
      expect(await scanWith(old)).toBe(200);
      // The first signature again, after a clean scan.
      expect(await scanWith()).toBe(200);
      expect(await scanWith(old + later)).toBe(403);
      expect(codeIn(await release(manager, mediaFileId))).toBe("ok");
      expect(await scanWith()).toBe(200);
      expect(await scanWith(old + later)).toBe(200);
      expect(await auditOf("media-file.released")).toHaveLength(2);
      await scanWith();
    });

    it("does not render it, not even as a version of what replaces it, until it is released", async () => {
      const { requester, manager } = people();
      const picture = async (end: string) =>
        asFile(
          Buffer.concat([await makeJpeg({ width: 400, height: 300 }), Buffer.from(`${end}${Math.random()}`)]),
          "a.jpg",
        );
      const infected = Buffer.concat([
        await (await picture(malware())).bytes(),
        Buffer.alloc(2 * INLINE_BYTES),
      ]);
      const twin = await attach(requester, asFile(infected, "b.jpg"));
      const { id } = await attach(requester, asFile(infected, "a.jpg"));
      expect(await scanRequested(world.server)).toEqual(["quarantined", "scanned before"]);
      const mediaFileId = (await attachmentFor(manager, id))!.mediaFile.id;
      const { services, database } = world.server;
      await database.sql`delete from pgboss.job where name = 'render-variants'`;
      const mutation = ReplaceMediaFileDocument;
      const variables = { input: { id: mediaFileId, file: await picture("clean") } };
      await requester.client.mutate({ mutation, variables });
      const render = async () => {
        const jobs = await database.sql<{ data: { mediaFileId: string } }[]>`
          delete from pgboss.job where name = 'render-variants' returning data`;
        const outcomes: string[] = [];
        for (const { data } of jobs)
          outcomes.push(
            ((await services.renderVariants.run(data, new AbortController().signal)) as { outcome: string })
              .outcome,
          );
        return outcomes.sort();
      };
      expect(await render()).toEqual(["is withheld", "rendered"]);
      const [version] = await database.sql<{ id: string; status: string }[]>`
        select id, variants_status as status from media_files where version_of = ${mediaFileId}`;
      expect(version!.status).toBe("PENDING");
      expect(codeIn(await release(manager, (await attachmentFor(manager, twin.id))!.mediaFile.id))).toBe(
        "ok",
      );
      expect(await render()).toEqual(["READY", "rendered"]);
    });

    it("takes a small file again that was released, and not before", async () => {
      const { requester, manager, participant } = people();
      await clamd.kill();
      const bytes = Buffer.from(`${Math.random()} ${malware()}`);
      const { id, url } = await attach(requester, asFile(bytes));
      await clamd.start();
      expect(await scanRequested(world.server)).toEqual(["quarantined"]);
      expect(await codeOf(attach(requester, asFile(bytes)))).toBe("FILE_INFECTED");
      const { mediaFile } = (await attachmentFor(manager, id))!;
      expect(codeIn(await release(manager, mediaFile.id))).toBe("ok");
      const again = await attach(requester, asFile(bytes));
      for (const one of [url, again.url]) expect((await download(one, participant)).status).toBe(200);
    });

    it("lets managers alone destroy its bytes, which nothing brings back", async () => {
      const { requester, agent, manager, outsideManager } = people();
      const destroy = ({ token }: SignedIn, id: string) =>
        world.server.gql<{ destroyQuarantined: { scanStatus: string; integrity: string } }>(
          "mutation ($id: ID!) { destroyQuarantined(id: $id) { scanStatus integrity } }",
          { id },
          token,
        );
      const harmless = await attach(requester, asFile(largeText("harmless")));
      expect(await scanRequested(world.server)).toEqual(["clean"]);
      const clean = (await attachmentFor(agent, harmless.id))!.mediaFile.id;
      expect(codeIn(await destroy(manager, clean))).toBe("CONFLICT");

      const content = largeText(malware());
      const { url, mediaFileId } = await quarantined(asFile(content));
      for (const by of [requester, agent]) expect(codeIn(await destroy(by, mediaFileId))).toBe("FORBIDDEN");
      expect(codeIn(await destroy(outsideManager, mediaFileId))).toBe("NOT_FOUND");
      expect(await storedKeys()).toContainEqual(expect.stringContaining("quarantine"));
      expect((await destroy(manager, mediaFileId)).data?.destroyQuarantined).toEqual({
        scanStatus: "QUARANTINED",
        integrity: "DESTROYED",
      });
      expect(await storedKeys()).not.toContainEqual(expect.stringContaining("quarantine"));
      expect(await auditOf("media-file.destroyed")).toMatchObject([{ actor: manager.id }]);
      for (const by of [requester, manager]) expect((await download(url, by)).status).toBe(403);
      expect(codeIn(await destroy(manager, mediaFileId))).toBe("CONFLICT");
      expect(codeIn(await release(manager, mediaFileId))).toBe("CONFLICT");
      // Equal bytes are refused by their verdict, and no work goes looking for what is gone.
      expect(await codeOf(attach(requester, asFile(content)))).toBe("FILE_INFECTED");
      await world.server.services.rescan({ which: "all" });
      expect(await scanRequested(world.server)).not.toContain("unreadable");
      const { upkeep } = world.server.services;
      expect(await upkeep.verifyIntegrity()).toMatchObject({ missing: 0, altered: 0 });
      const integrityOf = async () =>
        (
          await world.server.database.sql`
          select integrity from blobs join media_files f on f.blob_id = blobs.id where f.id = ${mediaFileId}`
        )[0]!.integrity;
      expect(await integrityOf()).toBe("DESTROYED");
    });

    it("keeps it there when the scanner knows its signature no more", async () => {
      const { url } = await quarantined(asFile(largeText(malware())));
      await clamd.kill();
      await clamd.setSignatures(`Local.Eicar-Test:0:0:${eicar().toString("hex")}\n`);
      await clamd.start();
      expect(await world.server.services.rescan({ which: "quarantined" })).toMatchObject({
        requested: expect.any(Number),
      });
      expect(await scanRequested(world.server)).toContain("scanned before");
      expect((await download(url, people().manager)).status).toBe(403);
      expect(await findUnscanned(world.server)).toMatchObject({ requested: 0 });
      await clamd.kill();
      await clamd.setSignatures();
      await clamd.start();
    });
  });
});
