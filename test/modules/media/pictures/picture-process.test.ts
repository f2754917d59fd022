import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { MIB } from "../../../../src/kernel/bytes.js";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { inspectInProcess, renderInProcess } from "../../../../src/modules/media/pictures/picture-process.js";
import { presetsOf } from "../../../../src/modules/media/pictures/presets.js";
import { until } from "../../../support/feed-world.js";

const options = { companyId: "acme", maxPixels: 50_000_000, timeoutSeconds: 60 };
const presets = presetsOf(bucketRules().PHOTOS, "image/png");

const PAGE_BYTES = 4_096;

interface Running {
  readonly pid: number;
  /** Processor time, in ticks. */
  readonly ticks: number;
  readonly residentBytes: number;
}

/** More than a process has that waits for its first question, and less than one has that has got the noise below. */
const AT_WORK_BYTES = 140 * MIB;

/** The processes of pictures that this one has started. */
async function running(): Promise<Running[]> {
  const found: Running[] = [];
  const children = await readFile(`/proc/self/task/${process.pid}/children`, "latin1");
  for (const name of children.split(" ").filter(Boolean)) {
    const [stat, command] = await Promise.all(
      ["stat", "cmdline"].map((file) => readFile(`/proc/${name}/${file}`, "latin1").catch(() => "")),
    );
    // The fields behind the name of the program, which may hold anything: state, parent, …
    const fields = stat!.slice(stat!.lastIndexOf(")") + 2).split(" ");
    if (fields[0] !== "Z" && command!.includes("pictures-process"))
      found.push({
        pid: Number(name),
        ticks: Number(fields[11]) + Number(fields[12]),
        residentBytes: Number(fields[21]) * PAGE_BYTES,
      });
  }
  return found;
}

/**
 * Sends a signal to a process of pictures as soon as one is at work.
 *
 * @param before those that there were before it was asked
 */
async function disturb(signal: NodeJS.Signals, before: readonly Running[]): Promise<void> {
  const resting = new Map(before.map(({ pid, ticks }) => [pid, ticks]));
  let victim: number | undefined;
  await until(async () => {
    victim = (await running()).find(
      ({ pid, ticks, residentBytes }) => residentBytes > AT_WORK_BYTES && ticks > (resting.get(pid) ?? 0) + 5,
    )?.pid;
    return victim !== undefined;
  });
  process.kill(victim!, signal);
  // A process that dies is not the next victim.
  if (signal !== "SIGCONT") await until(async () => (await running()).every(({ pid }) => pid !== victim));
}

describe("pictures in processes of their own", () => {
  /** Noise takes the decoder about a second. */
  let noise: Buffer;
  const file = () => ({
    head: noise,
    size: noise.length,
    temp: { path: "" },
    type: { name: "png" as const },
  });

  beforeAll(async () => {
    const create = { width: 6_000, height: 5_000, channels: 3 as const, background: "grey" };
    noise = await sharp({ create: { ...create, noise: { type: "gaussian", mean: 128, sigma: 60 } } })
      .png({ compressionLevel: 1 })
      .toBuffer();
  });

  it("survives a decoder that crashes, and asks once more", async () => {
    const before = await running();
    const inspecting = inspectInProcess(file(), options);
    await disturb("SIGSEGV", before);
    expect(await inspecting).toMatchObject({ width: 6_000, height: 5_000 });
  });

  it("refuses a picture whose decoder crashes again", async () => {
    const before = await running();
    const inspecting = inspectInProcess(file(), options);
    const refused = expect(inspecting).rejects.toMatchObject({
      code: "CORRUPT_FILE",
      message: expect.stringContaining("cannot be decoded"),
    });
    await disturb("SIGSEGV", before);
    await disturb("SIGABRT", before);
    await refused;
  });

  it("renders no longer than somebody waits", async () => {
    const aborting = new AbortController();
    const before = await running();
    const rendering = renderInProcess(noise, presets, { ...options, signal: aborting.signal });
    const stopped = expect(rendering).rejects.toThrow("not wanted");
    await disturb("SIGCONT", before);
    const busy = await running();
    aborting.abort(new Error("not wanted"));
    await stopped;
    await until(async () => (await running()).length < busy.length);
  });

  it("renders the same as in this process", async () => {
    const { render } = await import("../../../../src/modules/media/pictures/render.js");
    const photo = await sharp(noise).extract({ left: 0, top: 0, width: 900, height: 700 }).png().toBuffer();
    const [here, there] = [
      await render(photo, presets, options),
      await renderInProcess(photo, presets, options),
    ];
    expect(there.variants.map(({ sha256 }) => sha256)).toEqual(here.variants.map(({ sha256 }) => sha256));
    expect(Buffer.isBuffer(there.variants[0]!.bytes)).toBe(true);
    expect(there.placeholder).toBe(here.placeholder);
  });
});
