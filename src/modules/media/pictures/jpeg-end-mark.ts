import { appendFile, stat, truncate } from "node:fs/promises";

/** EOI (ISO/IEC 10918-1 §B.1.1.3). Cameras whose battery ran out, and some phones, omit it. */
const END_MARK = Buffer.from([0xff, 0xd9]);

/** Whether libvips did not find the end mark of a JPEG. The rows before it may be complete or not. */
export const missedEndMark = (error: unknown): boolean =>
  /premature end of JPEG/i.test((error as Error).message);

/**
 * Decodes a JPEG with an end mark appended. If rows are missing as well, the decoder warns of that.
 *
 * @param input the encoded image, or the path of a local file of it, which is unchanged afterwards
 */
export async function withEndMark<Result>(
  input: Buffer | string,
  decode: (marked: Buffer | string) => Promise<Result>,
): Promise<Result> {
  if (typeof input !== "string") return decode(Buffer.concat([input, END_MARK]));
  const { size } = await stat(input);
  await appendFile(input, END_MARK);
  try {
    return await decode(input);
  } finally {
    await truncate(input, size);
  }
}
