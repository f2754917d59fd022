import { join } from "node:path";
import { MIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { packageRoot } from "../../../kernel/package-root.js";
import type { RunLimits } from "../../../platform/processes/process-pool.js";
import { createProcessPool, ProcessEnded } from "../../../platform/processes/process-pool.js";
import { corruptFile, tooSlowToDecode } from "../media.errors.js";
import { DECODE_SECONDS, withDecodeSlot, withRenderSlot } from "./decoding.js";
import type { ImageFacts, InspectPictureOptions, PictureFile } from "./inspect-picture.js";
import type { Preset } from "./presets.js";
import type { Rendered, RenderOptions } from "./render.js";

/** What a process of pictures is asked. */
export type PictureQuestion =
  | { readonly task: "sanitize"; readonly path: string }
  | { readonly task: "inspect"; readonly file: PictureFile; readonly options: InspectPictureOptions }
  | {
      readonly task: "render";
      readonly input: Buffer | string;
      readonly presets: readonly Preset[];
      readonly options: RenderOptions;
    };

/** The built file, also where this module runs as TypeScript. */
const PROCESS = join(packageRoot, "dist/bundle/pictures-process.js");

const pool = createProcessPool<PictureQuestion>(PROCESS);

/** Decoders stop by themselves at their time, at most three times in a row. This is for one that does not. */
const GRACE = 4;

/**
 * The largest pictures that decode, progressive and interlaced ones, take about half of it: they are held in memory
 * whole, with up to six bytes of coefficients a pixel beside the pixels themselves.
 */
const memoryFor = (maxPixels: number): number => 384 * MIB + 16 * maxPixels;

/** Times that a question is asked again after a crash, which may have been the machine's fault. */
const AGAIN = 1;

async function ask(question: PictureQuestion, limits: RunLimits, again = AGAIN): Promise<unknown> {
  try {
    return await pool.run(question, limits);
  } catch (error) {
    if (error instanceof ProcessEnded && error.reason === "crash" && again > 0)
      return ask(question, limits, again - 1);
    throw error;
  }
}

/**
 * Inspects a company's picture in a process of its own, when its turn has come: what a decoder does there, be it a
 * crash, a loop or an allocation of gigabytes, is the end of that process alone.
 *
 * @throws what `inspectPicture` throws; CORRUPT_FILE for a picture that ends its process
 */
export function inspectInProcess(
  { head, size, temp, type }: PictureFile,
  { companyId, ...options }: InspectPictureOptions & { readonly companyId: string },
): Promise<ImageFacts> {
  const { decodingSeconds = DECODE_SECONDS, maxPixels } = options;
  const isWhole = head.length === size;
  const file: PictureFile = {
    head: isWhole ? head : Buffer.alloc(0),
    size,
    temp: { path: temp.path },
    type: { name: type.name },
  };
  const limits = {
    timeoutMs: GRACE * decodingSeconds * SECOND_MS,
    memoryBytes: memoryFor(maxPixels),
  };
  return withDecodeSlot(companyId, async () => {
    try {
      return (await ask({ task: "inspect", file, options }, limits)) as ImageFacts;
    } catch (error) {
      if (!(error instanceof ProcessEnded)) throw error;
      if (error.reason === "time") throw tooSlowToDecode(decodingSeconds);
      throw corruptFile(
        error.reason === "memory"
          ? "decoding it takes more memory than an image of its size may"
          : "the image cannot be decoded",
      );
    }
  });
}

/** A drawing is small, and so is its sanitizer. */
const SANITIZING = { timeoutMs: 10 * SECOND_MS, memoryBytes: 384 * MIB };

/**
 * Sanitizes a company's SVG in a process of its own, when its turn has come.
 *
 * @param path of a local file, which is left as it is
 * @throws CORRUPT_FILE
 */
export const sanitizeInProcess = (path: string, companyId: string): Promise<Buffer> =>
  withDecodeSlot(companyId, async () => {
    try {
      return (await ask({ task: "sanitize", path }, SANITIZING)) as Buffer;
    } catch (error) {
      if (error instanceof ProcessEnded)
        throw corruptFile("the drawing cannot be read in the time and memory that are allowed");
      throw error;
    }
  });

/**
 * Renders a company's picture in a process of its own, when its turn has come.
 *
 * @throws what `render` throws; ProcessEnded for a picture that ends its process
 */
export function renderInProcess(
  input: Buffer | string,
  presets: readonly Preset[],
  { companyId, signal, ...options }: RenderOptions & RenderTurn,
): Promise<Rendered> {
  const limits = {
    timeoutMs: GRACE * options.timeoutSeconds * SECOND_MS,
    memoryBytes: memoryFor(options.maxPixels),
    signal,
  };
  return withRenderSlot(
    companyId,
    async () => (await ask({ task: "render", input, presets, options }, limits)) as Rendered,
  );
}

export interface RenderTurn {
  /** The company of the image: companies take turns. */
  readonly companyId: string;
  /** Ends the rendering. */
  readonly signal?: AbortSignal | undefined;
}
