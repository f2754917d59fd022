import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type postgres from "postgres";
import sharp from "sharp";
import { bucketRules } from "../src/modules/media/buckets.js";
import { renderInProcess } from "../src/modules/media/pictures/picture-process.js";
import { presetsOf } from "../src/modules/media/pictures/presets.js";
import { connectDriver } from "../src/platform/database/connect-driver.js";
import type { Person } from "./desk-client.js";
import { openTicket, signIn } from "./desk-client.js";
import type { Lane, LoadResult } from "./load.js";
import { STAMP_BYTES } from "./load.js";
import type { Photo } from "./photos.js";
import { makeLargePhoto } from "./photos.js";
import { runLoad } from "./processes.js";
import type { BenchEnvironment } from "./scenario.js";
import { median } from "./scenario.js";

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
}

const COST_TARGET = 1.3;
const LATENCY_TARGET = 3;
const RENDERINGS_A_ROUND = 12;
/** More than any core can render in a second, so that the work does not end before the load. */
const PHOTOS_A_SECOND = 16;
const FILES_A_TICKET = 8;
/** A request about every 10 ms: latency is measured, not throughput. */
const PAUSE_MS = 10;
const WARM_UP_SECONDS = 2;

/** Measures the cost of three variants of a 12-megapixel photo, and its effect on other requests. */
export async function measureRendering(environment: BenchEnvironment, plan: Plan): Promise<string> {
  const photo = await makeLargePhoto();
  return [
    await measureCost(environment.folder, photo, plan),
    await measureLatency(environment, photo, plan),
  ].join("\n\n");
}

const JPEG = { quality: 85, progressive: true } as const;
const inside = (side: number) => ({ width: side, height: side, fit: "inside" }) as const;

/** The minimum for three variants: one decoding, each size from the one before, without checks. */
async function renderBySharpAlone(path: string): Promise<void> {
  let pixels = await sharp(path, { autoOrient: true })
    .resize(inside(1_200))
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (const side of [1_200, 800, 200]) {
    const { width, height, channels } = pixels.info;
    const source = () => sharp(pixels.data, { raw: { width, height, channels } });
    if (Math.max(width, height) > side)
      pixels = await source().resize(inside(side)).raw().toBuffer({ resolveWithObject: true });
    await sharp(pixels.data, { raw: { width: pixels.info.width, height: pixels.info.height, channels } })
      .jpeg(JPEG)
      .toBuffer();
  }
}

/** The straightforward way: each variant from the original. */
async function renderSeparately(path: string): Promise<void> {
  for (const side of [1_200, 800, 200])
    await sharp(path, { autoOrient: true }).resize(inside(side)).jpeg(JPEG).toBuffer();
}

async function measureCost(folder: string, photo: Photo, { rounds }: Plan): Promise<string> {
  const path = join(folder, "photo.jpg");
  await writeFile(path, photo.bytes);
  const presets = presetsOf(bucketRules().ATTACHMENTS, "image/jpeg");
  const ways = {
    ours: () =>
      renderInProcess(path, presets, { companyId: "acme", maxPixels: 50_000_000, timeoutSeconds: 60 }),
    alone: () => renderBySharpAlone(path),
    separately: () => renderSeparately(path),
  };
  const times = { ours: [] as number[], alone: [] as number[], separately: [] as number[] };
  for (const work of Object.values(ways)) await work();
  for (let n = 0; n < rounds * RENDERINGS_A_ROUND; n++)
    for (const way of ["alone", "ours", "separately"] as const) {
      const startedAt = performance.now();
      await ways[way]();
      times[way].push(performance.now() - startedAt);
    }
  const ratio = median(times.ours.map((ours, n) => ours / (times.alone[n] ?? Number.NaN)));
  return [
    `**Three variants of a JPEG of 12 megapixels**: ${ratio.toFixed(2)} times the cost of sharp alone (target: ${COST_TARGET}, ${ratio <= COST_TARGET ? "reached" : "missed"})`,
    "",
    "|  | ms an image |",
    "| --- | ---: |",
    `| sharp alone, chained | ${median(times.alone).toFixed(0)} |`,
    `| Filedesk, with placeholder | ${median(times.ours).toFixed(0)} |`,
    `| sharp alone, each from the original | ${median(times.separately).toFixed(0)} |`,
  ].join("\n");
}

/**
 * Measures a small query on the same server while it is idle and while it renders. The photos are uploaded beforehand
 * to a server without jobs, so that uploads are not part of the load.
 */
async function measureLatency(
  environment: BenchEnvironment,
  photo: Photo,
  { rounds, seconds }: Plan,
): Promise<string> {
  const sql = connectDriver(environment.databaseUrl, { max: 1 });
  try {
    const idle: LoadResult[] = [];
    const busy: LoadResult[] = [];
    const rendered: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const quiet = await environment.start();
      idle.push(await ask(quiet.port, seconds));
      await quiet.stop();
      await uploadPhotos(environment, photo, (seconds + WARM_UP_SECONDS + 2) * PHOTOS_A_SECOND);
      const working = await environment.start();
      const result = await askWhileRendering(sql, working.port, seconds);
      busy.push(result);
      rendered.push(result.rendered / result.seconds);
      await finishRendering(sql);
      await working.stop();
    }
    const of = (results: readonly LoadResult[], figure: "p50" | "p99") =>
      median(results.map((result) => result[figure]));
    const ratio = of(busy, "p99") / of(idle, "p99");
    return [
      `**p99 of a small query while photos are rendered**: ${ratio.toFixed(1)} times its idle value (target: ${LATENCY_TARGET}, ${ratio <= LATENCY_TARGET ? "reached" : "missed"})`,
      "",
      "|  | p50 ms | p99 ms | photos rendered/s |",
      "| --- | ---: | ---: | ---: |",
      `| idle | ${of(idle, "p50").toFixed(1)} | ${of(idle, "p99").toFixed(1)} | 0 |`,
      `| rendering | ${of(busy, "p50").toFixed(1)} | ${of(busy, "p99").toFixed(1)} | ${median(rendered).toFixed(1)} |`,
    ].join("\n");
  } finally {
    await sql.end();
  }
}

async function ask(port: number, seconds: number): Promise<LoadResult> {
  const lanes = [queryLane(port, await signIn(port, "agent@acme.test"))];
  await runLoad({ port, seconds: WARM_UP_SECONDS, lanes, pauseMs: PAUSE_MS });
  return runLoad({ port, seconds, lanes, pauseMs: PAUSE_MS });
}

async function askWhileRendering(sql: postgres.Sql, port: number, seconds: number) {
  const lanes = [queryLane(port, await signIn(port, "agent@acme.test"))];
  await runLoad({ port, seconds: WARM_UP_SECONDS, lanes, pauseMs: PAUSE_MS });
  const before = await countOf(sql, "READY");
  const result = await runLoad({ port, seconds, lanes, pauseMs: PAUSE_MS });
  const rendered = (await countOf(sql, "READY")) - before;
  if (rendered === 0) throw new Error("nothing was rendered while the query was asked");
  if ((await countOf(sql, "PENDING")) === 0)
    throw new Error("the photos were rendered before the load ended");
  return { ...result, rendered };
}

const QUERY = Buffer.from(JSON.stringify({ query: "{ viewer { user { id } } }" }));

function queryLane(port: number, { token }: Person): Lane {
  const head = [
    "POST /graphql HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    "Content-Type: application/json",
    `Content-Length: ${QUERY.length}`,
  ];
  return { head: `${head.join("\r\n")}\r\n\r\n`, body: QUERY, stampAt: null };
}

let stamps = 0;

async function uploadPhotos(environment: BenchEnvironment, photo: Photo, count: number): Promise<void> {
  const filedesk = await environment.start({ WORKER: "off" });
  const agent = await signIn(filedesk.port, "agent@acme.test");
  for (let left = count; left > 0; left -= FILES_A_TICKET) {
    const files = Array.from({ length: Math.min(left, FILES_A_TICKET) }, () => {
      const bytes = Buffer.from(photo.bytes);
      bytes.write(String(++stamps).padStart(STAMP_BYTES, "0"), photo.stampAt, "latin1");
      return new File([bytes], "photo.jpg", { type: "image/jpeg" });
    });
    await openTicket(filedesk.port, agent, { subject: "Photos of the damage", files });
  }
  await filedesk.stop();
}

async function countOf(sql: postgres.Sql, status: "PENDING" | "READY"): Promise<number> {
  const [row] = await sql`select count(*)::int as count from media_files where variants_status = ${status}`;
  return row?.count ?? 0;
}

const POLL_MS = 250;
const TIMEOUT_MS = 120_000;

async function finishRendering(sql: postgres.Sql): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while ((await countOf(sql, "PENDING")) > 0) {
    if (Date.now() > deadline) throw new Error("the photos were not rendered in time");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
