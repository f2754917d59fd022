import { mkdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import type { Worker } from "../../../src/app/server/work.js";
import { work } from "../../../src/app/server/work.js";
import { openTelemetry } from "../../../src/app/wiring/telemetry.js";
import { newId } from "../../../src/kernel/ids.js";
import { readConfig } from "../../../src/platform/config/config.js";
import { until } from "../../support/feed-world.js";
import { UploadTicketAttachmentsDocument } from "../../support/generated/operations.js";
import { makeJpeg } from "../../support/make-files.js";
import { postFiles } from "../../support/post-files.js";
import { readEventStream } from "../../support/read-event-stream.js";
import { aroundMetrics, readMetrics } from "../../support/read-metrics.js";
import { patchBytes, stageFile, startUpload } from "../../support/staged-uploads.js";
import { bearer } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld } from "../../support/ticket-world.js";

let world: TicketWorld;
let companyId: string;
let ticketId: string;

const around = (act: () => Promise<unknown>) => aroundMetrics(world.server.metricsUrl, act);
const token = () => world.people.agent.token;
const TICKETS = "{ tickets(first: 1) { nodes { id } } }";

describe("The metrics", () => {
  beforeAll(async () => {
    world = await startTicketWorld({ env: { METRICS_PORT: "0", METRICS_OPERATIONS: "Inbox, Report" } });
    companyId = await world.newCompany();
    ({ id: ticketId } = await world.openTicket(world.people.requester, { companyId }));
  });
  afterAll(() => world?.close());

  describe("are served", () => {
    it("on a port of their own, and not on the public one", async () => {
      const { url, metricsUrl } = world.server;
      expect(new URL(metricsUrl!).port).not.toBe(new URL(url).port);
      expect((await fetch(metricsUrl!)).headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
      expect((await fetch(`${url}/metrics`)).status).toBe(404);
    });

    it("at one path, to GET alone", async () => {
      const url = world.server.metricsUrl!;
      expect((await fetch(new URL("/", url))).status).toBe(404);
      expect((await fetch(url, { method: "POST", body: "x" })).status).toBe(405);
      expect((await fetch(`${url}?name[]=x`)).status).toBe(200);
    });

    it("not at all without METRICS_PORT, and not by a command", async () => {
      const log = pino({ level: "silent" });
      const withPort = readConfig({ NODE_ENV: "test", METRICS_PORT: "0" });
      const without = readConfig({ NODE_ENV: "test" });
      expect((await openTelemetry({ config: without, role: "server", log })).metricsUrl).toBeNull();
      expect((await openTelemetry({ config: withPort, role: "command", log })).metricsUrl).toBeNull();
    });
  });

  describe("of operations", () => {
    const name = "filedesk_graphql_requests_total";

    it("count by root field and result", async () => {
      const { growth } = await around(async () => {
        await world.server.gql(TICKETS, {}, token());
        await world.server.gql(`query Whatever ${TICKETS}`, {}, token());
        await world.server.gql(TICKETS);
        await world.server.gql("{ tickets(first: 1) { nodes { nonsense } } }", {}, token());
        await world.server.gql(
          "mutation ($id: ID!) { deleteTicket(id: $id) { id } }",
          { id: newId() },
          token(),
        );
      });
      expect(growth(name, { operation: "tickets", type: "query", code: "ok" })).toBe(2);
      expect(growth(name, { operation: "tickets", type: "query", code: "UNAUTHENTICATED" })).toBe(1);
      expect(growth(name, { operation: "deleteTicket", type: "mutation", code: "NOT_FOUND" })).toBe(1);
      expect(growth(name, { operation: "other", code: "GRAPHQL_VALIDATION_FAILED" })).toBe(1);
      expect(growth("filedesk_graphql_request_duration_seconds_count", { operation: "tickets" })).toBe(3);
      expect(
        growth("filedesk_graphql_request_duration_seconds_sum", { operation: "tickets" }),
      ).toBeGreaterThan(0);
    });

    it("count those by their own name that METRICS_OPERATIONS lists", async () => {
      const { growth } = await around(() => world.server.gql(`query Inbox ${TICKETS}`, {}, token()));
      expect(growth(name, { operation: "Inbox" })).toBe(1);
      expect(growth(name, { operation: "tickets" })).toBe(0);
    });

    it("get no new series from names that clients think of", async () => {
      const hostile = async (round: number) => {
        for (let n = 0; n < 20; n++) {
          const word = `Hostile${round}x${n}`;
          await world.server.gql(`query ${word} ${TICKETS}`, {}, token());
          await world.server.gql(
            `query ${word} { ${word}: tickets(first: 1) { nodes { id } } }`,
            {},
            token(),
          );
          await world.server.gql(`{ ${word} }`, {}, token());
          await world.server.gql(`{ a: viewer { __typename } ${word}: viewer { __typename } }`, {}, token());
          await world.server.gql(
            `query ${word} { ...${word} } fragment ${word} on Query { viewer { __typename } }`,
          );
          await fetch(`${world.server.url}/${word}/${word}`);
          await fetch(`${world.server.url}/graphql?${word}`, { method: "POST", body: word });
          await fetch(`${world.server.url}/files/${word}/${word}`, { headers: bearer(token()) });
          await rawRequest(`${word.toUpperCase()} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        }
      };
      await hostile(0);
      const { before, after } = await around(() => hostile(1));
      expect(after.series.filter((line) => line.includes("Hostile"))).toEqual([]);
      const labelled = (line: string) => line.slice(0, line.lastIndexOf(" "));
      // Collected figures come and go by themselves.
      const own = (lines: readonly string[]) =>
        lines.map(labelled).filter((line) => /^filedesk_(graphql|http|download)/.test(line));
      expect(own(after.series)).toEqual(own(before.series));
    });
  });

  it("of HTTP requests count by method, route and status, and those without a route as others", async () => {
    const { growth } = await around(async () => {
      await fetch(`${world.server.url}/healthz`);
      await fetch(`${world.server.url}/healthz`, { method: "DELETE" });
      await world.server.gql(TICKETS, {}, token());
    });
    const name = "filedesk_http_requests_total";
    expect(growth(name, { method: "GET", route: "/healthz", status: "200" })).toBe(1);
    expect(growth(name, { method: "DELETE", route: "other", status: "405" })).toBe(1);
    expect(growth(name, { method: "POST", route: "/graphql", status: "200" })).toBe(1);
    expect(growth("filedesk_http_request_duration_seconds_count", { route: "/graphql" })).toBe(1);
  });

  describe("of files", () => {
    const upload = (files: readonly { name: string; bytes: Buffer }[]) =>
      postFiles<{ uploadTicketAttachments: { id: string; url: string }[] }>(world.server.url, {
        query: UploadTicketAttachmentsDocument,
        input: { ticketId },
        files,
        token: token(),
      });

    it("count uploads, their bytes by bucket, and the seconds of each step", async () => {
      const bytes = Buffer.from(`${Math.random()}\n`.repeat(50));
      const { growth } = await around(() => upload([{ name: "a.txt", bytes }]));
      expect(growth("filedesk_upload_bytes_total", { bucket: "ATTACHMENTS" })).toBe(bytes.length);
      expect(growth("filedesk_upload_files_total", { bucket: "ATTACHMENTS" })).toBe(1);
      for (const step of ["receive", "identify", "inspect", "scan", "store", "record"]) {
        expect([step, growth("filedesk_upload_step_duration_seconds_count", { step })]).toEqual([step, 1]);
        expect(growth("filedesk_upload_step_duration_seconds_sum", { step })).toBeGreaterThan(0);
      }
      expect(growth("filedesk_scans_total", { result: "not-scanned" })).toBe(1);
      expect(growth("filedesk_storage_operation_duration_seconds_count", { operation: "putFile" })).toBe(1);
    });

    it("count resumable uploads like others, and what the staging area does with their bytes", async () => {
      const bytes = Buffer.from(`${Math.random()}\n`.repeat(50));
      const by = { url: world.server.url, token: token() };
      const target = { bucket: "ATTACHMENTS", ticketId, fileName: "c.txt" } as const;
      const { growth } = await around(() => stageFile(by, target, bytes));
      expect(growth("filedesk_upload_bytes_total", { bucket: "ATTACHMENTS" })).toBe(bytes.length);
      for (const step of ["receive", "identify", "store"])
        expect([step, growth("filedesk_upload_step_duration_seconds_count", { step })]).toEqual([step, 1]);
      const operations = "filedesk_storage_operation_duration_seconds_count";
      for (const operation of ["staging.continueAt", "staging.sync", "staging.open", "staging.remove"])
        expect([operation, growth(operations, { operation }) > 0]).toEqual([operation, true]);
      expect(growth("filedesk_storage_errors_total")).toBe(0);

      // A folder is where the file of the upload should be.
      const { id, url } = await startUpload(by, { ...target, size: bytes.length });
      await mkdir(join(world.server.dataFolder, "files", ".staged", id), { recursive: true });
      const failing = await around(() => patchBytes(url, token(), bytes));
      const operation = "staging.continueAt";
      expect(failing.growth("filedesk_storage_errors_total", { operation, reason: "fault" })).toBe(1);
    });

    it("count what a step refuses", async () => {
      const { growth } = await around(() =>
        upload([{ name: "a.exe", bytes: Buffer.from("MZ\u0000\u0001nothing") }]),
      );
      expect(growth("filedesk_upload_step_failures_total", { step: "identify" })).toBe(1);
      expect(growth("filedesk_upload_step_duration_seconds_count", { step: "record" })).toBe(0);
    });

    it("count downloads by resource and status, their bytes, and bytes that the storage has lost", async () => {
      const bytes = Buffer.from(`${Math.random()}\n`.repeat(50));
      const { data } = await upload([{ name: "b.txt", bytes }]);
      const { url } = data!.uploadTicketAttachments[0]!;
      const get = async (headers = {}) => (await fetch(url, { headers })).arrayBuffer();
      const { growth } = await around(async () => {
        await get();
        await get({ range: "bytes=0-9" });
        await fetch(url, { method: "HEAD" });
        await get({ range: "bytes=100000-" });
      });
      const resource = "attachments";
      expect(growth("filedesk_downloads_total", { resource, status: "200" })).toBe(2);
      expect(growth("filedesk_downloads_total", { resource, status: "206" })).toBe(1);
      expect(growth("filedesk_downloads_total", { resource, status: "416" })).toBe(1);
      expect(growth("filedesk_download_bytes_total", { resource })).toBe(bytes.length + 10);
      expect(growth("filedesk_storage_errors_total")).toBe(0);

      const [stored] = await world.server.database.sql<{ key: string }[]>`
        select storage_key as key from blobs order by created_at desc limit 1`;
      await rm(join(world.server.dataFolder, "files", stored!.key));
      const lost = await around(() => get());
      expect(lost.growth("filedesk_downloads_total", { resource, status: "500" })).toBe(1);
      expect(
        lost.growth("filedesk_storage_errors_total", { operation: "get", reason: "not_found" }),
      ).toBeGreaterThan(0);
    });

    it("count a download whose reader leaves by the bytes that were sent", async () => {
      const bytes = Buffer.alloc(20 * 1024 * 1024, `${Math.random()}\n`);
      const { data } = await upload([{ name: "big.txt", bytes }]);
      const { url } = data!.uploadTicketAttachments[0]!;
      const metricsUrl = world.server.metricsUrl;
      const before = await readMetrics(metricsUrl);
      const aborted = new AbortController();
      const response = await fetch(url, { signal: aborted.signal });
      await response.body!.getReader().read();
      aborted.abort();
      const labels = { resource: "attachments", status: "aborted" };
      await until(
        async () => (await readMetrics(metricsUrl)).figure("filedesk_downloads_total", labels) === 1,
      );
      const after = await readMetrics(metricsUrl);
      const name = "filedesk_download_bytes_total";
      const sent = after.figure(name) - before.figure(name);
      expect(sent).toBeGreaterThan(0);
      expect(sent).toBeLessThan(bytes.length);
    });
  });

  it("of events count subscribers, and the lag of what they get", async () => {
    const { url, metricsUrl } = world.server;
    const stream = readEventStream(url, `ticket:${ticketId}`, token());
    await until(async () => (await readMetrics(metricsUrl)).figure("filedesk_subscribers") === 1);
    const before = await readMetrics(metricsUrl);
    expect(before.figure("filedesk_subscribed_topics")).toBe(1);
    await world.addReply(world.people.agent, { ticketId, body: "It hums no more." });
    const lag = "filedesk_event_lag_seconds";
    await until(
      async () => (await readMetrics(metricsUrl)).figure(`${lag}_count`) > before.figure(`${lag}_count`),
    );
    const after = await readMetrics(metricsUrl);
    expect(after.figure(`${lag}_sum`) - before.figure(`${lag}_sum`)).toBeGreaterThan(0);
    expect(after.figure("filedesk_event_log_unread_seconds")).toBeLessThan(10);
    await stream.stop();
    await until(async () => (await readMetrics(metricsUrl)).figure("filedesk_subscribers") === 0);
    // A stream is no slow request.
    const requests = "filedesk_http_requests_total";
    await until(async () => (await readMetrics(metricsUrl)).figure(requests, { route: "/events" }) === 1);
    const seconds = "filedesk_http_request_duration_seconds_count";
    expect((await readMetrics(metricsUrl)).figure(seconds, { route: "/events" })).toBe(0);
  });

  it("of the database count the pool's connections, and who waits for one", async () => {
    const { metricsUrl, database } = world.server;
    const { sql } = await import("drizzle-orm");
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const working = Array.from({ length: 12 }, () =>
      database.db.transaction(async (tx) => {
        await tx.execute(sql`select 1`);
        await held;
      }),
    );
    const figure = async (name: string, labels = {}) => (await readMetrics(metricsUrl)).figure(name, labels);
    await until(async () => (await figure("filedesk_database_connections", { state: "in_use" })) === 10);
    expect(await figure("filedesk_database_connections_max")).toBe(10);
    expect(await figure("filedesk_database_waiting")).toBeGreaterThanOrEqual(2);
    release();
    await Promise.all(working);
    expect(await figure("filedesk_database_waiting")).toBe(0);
    expect(await figure("filedesk_database_connections", { state: "idle" })).toBeGreaterThan(0);
  });

  it("of the process tell its event-loop delay, memory and processor time", async () => {
    const { figure } = await readMetrics(world.server.metricsUrl);
    for (const name of [
      "nodejs_eventloop_lag_p99_seconds",
      "process_resident_memory_bytes",
      "process_cpu_seconds_total",
    ])
      expect([name, figure(name) > 0]).toEqual([name, true]);
  });

  describe("of jobs", () => {
    let worker: Worker | undefined;

    afterAll(() => worker?.close());

    it("tell the depth and the age of the queue, withheld files, and what a worker has run", async () => {
      const { server, people } = world;
      const job = "render-variants";
      const queuedBefore = (await readMetrics(server.metricsUrl)).figure("filedesk_jobs", {
        job_name: job,
        state: "queued",
      });
      await world.attach(people.agent, { ticketId, files: [new File([await makeJpeg()], "lamp.jpg")] });
      await server.database.sql`update blobs set scan_status = 'PENDING' where mime_type = 'image/jpeg'
        and company_id = ${companyId}`;
      const figure = async (name: string, labels: Record<string, string>) =>
        (await readMetrics(server.metricsUrl)).figure(name, labels);
      await until(
        async () => (await figure("filedesk_jobs", { job_name: job, state: "queued" })) === queuedBefore + 1,
        30_000,
      );
      await until(
        async () => (await figure("filedesk_job_oldest_due_seconds", { job_name: job })) > 0,
        30_000,
      );
      expect(await figure("filedesk_jobs", { job_name: job, state: "dead" })).toBe(0);

      worker = await work({
        config: readConfig({
          NODE_ENV: "test",
          DATABASE_URL: server.database.sessionUrl,
          FILEDESK_DATA: server.dataFolder,
          METRICS_PORT: "0",
        }),
        log: pino({ level: "silent" }),
      });
      const { metricsUrl } = worker;
      const ran = async () =>
        (await readMetrics(metricsUrl)).figure("filedesk_job_runs_total", { job_name: job, result: "done" });
      await until(async () => (await ran()) >= 1, 60_000);
      const scraped = await readMetrics(metricsUrl);
      expect(scraped.figure("filedesk_job_run_duration_seconds_sum", { job_name: job })).toBeGreaterThan(0);
      expect(scraped.figure("filedesk_withheld_files", { scan_status: "PENDING" })).toBe(1);
      expect(scraped.figure("filedesk_withheld_files", { scan_status: "INFECTED" })).toBe(0);
      expect(scraped.figure("filedesk_files_to_rescan")).toBe(0);
      expect(
        scraped.figure("filedesk_storage_operation_duration_seconds_count", { operation: "get" }),
      ).toBeGreaterThan(0);
    });
  });
});

/** Sends these bytes and reads the connection to its end. */
async function rawRequest(bytes: string): Promise<void> {
  const socket = connect(Number(new URL(world.server.url).port), "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("close", () => resolve()).once("error", reject);
    socket.resume().end(bytes);
  });
}
