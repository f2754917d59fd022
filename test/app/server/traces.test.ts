import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { pino } from "pino";
import { openTelemetry } from "../../../src/app/wiring/telemetry.js";
import { readConfig } from "../../../src/platform/config/config.js";
import { until } from "../../support/feed-world.js";
import { UploadTicketAttachmentsDocument } from "../../support/generated/operations.js";
import { BOUNDARY, multipartBody } from "../../support/multipart-body.js";
import type { OtlpReceiver, ReceivedSpan } from "../../support/otlp-receiver.js";
import { startOtlpReceiver } from "../../support/otlp-receiver.js";
import { fieldsBeforeFiles } from "../../support/post-files.js";
import { bearer } from "../../support/test-client.js";
import type { TicketWorld } from "../../support/ticket-world.js";
import { startTicketWorld } from "../../support/ticket-world.js";

let receiver: OtlpReceiver;
let world: TicketWorld;
let companyId: string;
let ticketId: string;
/** What clients have done, at the same time: spans are sent every five seconds. */
let done: Awaited<ReturnType<typeof useTheDesk>>;

const hex = (bytes: number) => randomBytes(bytes).toString("hex");
const silent = () => pino({ level: "silent" });

/** Sends a request below a span of the client's, and returns the spans of its trace. */
async function traced(path: string, init: RequestInit & { headers?: object } = {}, sampled = true) {
  const [traceId, spanId] = [hex(16), hex(8)];
  const traceparent = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  const { token } = world.people.agent;
  const headers = { ...bearer(token), ...init.headers, traceparent };
  const response = await fetch(new URL(path, world.server.url), { ...init, headers });
  const text = await response.text();
  const spans = () => receiver.spans.filter((span) => span.traceId === traceId);
  return {
    text,
    clientSpan: spanId,
    spans,
    /** The spans, once that of the request has come, which ends last. */
    async all(): Promise<readonly ReceivedSpan[]> {
      await until(() => spans().some(({ parentSpanId }) => parentSpanId === spanId), 30_000);
      return spans();
    },
  };
}

const query = (text: string) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ query: text }),
});

const upload = () => {
  const bytes = Buffer.from(`${Math.random()}\n`.repeat(20));
  const files = [{ name: "secret-name.txt", bytes }];
  const fields = fieldsBeforeFiles({ query: UploadTicketAttachmentsDocument, input: { ticketId }, files });
  const body = multipartBody([
    { name: "operations", content: fields.operations },
    { name: "map", content: fields.map },
    { name: "0", fileName: "secret-name.txt", content: bytes },
  ]);
  const headers = {
    "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    "apollo-require-preflight": "true",
  };
  return { method: "POST", headers, body: new Uint8Array(body) };
};

async function useTheDesk() {
  const uploaded = await traced("/graphql", upload());
  const [queried, downloaded, refused, lost, unsampled] = await Promise.all([
    traced("/graphql", query("query Inbox { tickets(first: 1) { nodes { id } } }")),
    traced(JSON.parse(uploaded.text).data.uploadTicketAttachments[0].url),
    traced("/graphql", { ...upload(), headers: { ...upload().headers, authorization: "" } }),
    traced("/hostile/path"),
    traced("/graphql", query("{ tickets(first: 1) { nodes { id } } }"), false),
  ]);
  // What comes after it has arrived, so it would have arrived too.
  const last = await traced("/healthz");
  return { uploaded, queried, downloaded, refused, lost, unsampled, last };
}

describe("Traces", () => {
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    world = await startTicketWorld({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: "desk-under-test" },
    });
    companyId = await world.newCompany();
    ({ id: ticketId } = await world.openTicket(world.people.requester, { companyId }));
    done = await useTheDesk();
  });
  afterAll(async () => {
    await world?.close();
    await receiver?.close();
  });

  it("of a query go from the client's span over the operation down to its statements", async () => {
    const { all, clientSpan } = done.queried;
    const spans = await all();
    const request = spans.find(({ name }) => name === "POST /graphql")!;
    expect(request).toMatchObject({
      parentSpanId: clientSpan,
      resource: { "service.name": "desk-under-test" },
      attributes: {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "http.response.status_code": 200,
      },
    });
    const operation = spans.find(({ name }) => name === "query tickets")!;
    expect(operation).toMatchObject({
      parentSpanId: request.spanId,
      attributes: { "graphql.operation.name": "Inbox", "graphql.operation.type": "query" },
    });
    const statements = spans.filter(({ name }) => name.startsWith("sql "));
    expect(statements.some(({ parentSpanId }) => parentSpanId === operation.spanId)).toBe(true);
    expect(statements.every(({ attributes }) => attributes["db.system.name"] === "postgresql")).toBe(true);
    for (const { startTimeUnixNano, endTimeUnixNano } of spans)
      expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true);
  });

  it("of an upload show every step of the pipeline and the storage, and nothing that a person wrote", async () => {
    const { all, text } = done.uploaded;
    expect(text).not.toContain("errors");
    const spans = await all();
    const operation = spans.find(({ name }) => name === "mutation uploadTicketAttachments")!;
    for (const step of ["receive", "identify", "inspect", "scan", "store", "record"])
      expect(spans.find(({ name }) => name === `upload ${step}`)).toMatchObject({
        parentSpanId: operation.spanId,
      });
    const store = spans.find(({ name }) => name === "upload store")!;
    expect(
      spans.some(({ name, parentSpanId }) => name === "storage putFile" && parentSpanId === store.spanId),
    ).toBe(true);
    const record = spans.find(({ name }) => name === "upload record")!;
    expect(
      spans.some(({ name, parentSpanId }) => name === "sql commit" && parentSpanId === record.spanId),
    ).toBe(true);
    expect(JSON.stringify(spans)).not.toMatch(/secret-name|It hums|@acme/);
  });

  it("of a download name the template of its route, never its address", async () => {
    const { all } = done.downloaded;
    const spans = await all();
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["GET /attachments/:id/:name", "storage get"]),
    );
    expect(JSON.stringify(spans)).not.toContain("secret-name");
  });

  it("of a failure name its code, and of a path without a route the method alone", async () => {
    const { refused, lost } = done;
    expect((await refused.all()).map(({ name }) => name)).toContain("POST /graphql");
    expect((await lost.all()).map(({ name }) => name)).toEqual(["GET"]);
  });

  it("are not recorded where the client's trace is not", async () => {
    await done.last.all();
    expect(done.unsampled.spans()).toEqual([]);
  });

  it("of a job begin with its run", async () => {
    const config = readConfig({ NODE_ENV: "test", OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
    const telemetry = await openTelemetry({ config, role: "worker", log: silent() });
    const [job] = telemetry.observeJobs([
      { ...world.server.services.renderVariants, run: async () => "done" },
    ]);
    expect(await job!.run({}, new AbortController().signal)).toBe("done");
    await telemetry.close();
    const span = receiver.spans.find(({ name }) => name === "job render-variants");
    expect(span).toMatchObject({ attributes: { "job.name": "render-variants" } });
    expect(span!.parentSpanId ?? "").toBe("");
  });

  it("that nobody receives delay neither work nor the end", async () => {
    // It takes connections and never answers, which takes longer to notice than a refusal.
    const hanging = createServer(() => {}).listen(0, "127.0.0.1");
    await once(hanging, "listening");
    const { port } = hanging.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${port}`;
    const config = readConfig({ NODE_ENV: "test", OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    const telemetry = await openTelemetry({ config, role: "worker", log: silent() });
    const [job] = telemetry.observeJobs([
      { ...world.server.services.renderVariants, run: async () => "done" },
    ]);
    for (let run = 0; run < 3_000; run++)
      expect(await job!.run({}, new AbortController().signal)).toBe("done");
    const startedAt = performance.now();
    await telemetry.close();
    // The exporter itself would wait for ten seconds.
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    hanging.close();
    hanging.closeAllConnections();
  });
});
