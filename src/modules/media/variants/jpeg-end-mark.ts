import { appendFile, stat, truncate } from "node:fs/promises";

/** EOI (ISO/IEC 10918-1 §B.1.1.3). Cameras whose battery ran out, and some phones, leave it out. */
const END_MARK = Buffer.from([0xff, 0xd9]);

/** Whether libvips missed the end mark of a JPEG: the rows before it may be all there or not. */
export const missedEndMark = (error: unknown): boolean =>
  /premature end of JPEG/i.test((error as Error).message);

/**
 * Lets a JPEG be decoded as if it had its end mark. When rows are missing as well, the decoder warns of it then.
 *
 * @param input the encoded image, or the path of a local file of it, which is what it was when this has ended
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
