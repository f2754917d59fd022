export interface TextLine {
  /** Counted from 1. */
  readonly line: number;
  /** Without its line end; null if it is longer than allowed. */
  readonly text: string | null;
}

const NEWLINE = 0x0a;

/** Splits a stream of UTF-8 into lines, in bounded memory even for long lines. */
export async function* readLines(stream: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<TextLine> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let line = 0;
  const end = (): TextLine => {
    line += 1;
    const text = bytes > maxBytes ? null : textOf(Buffer.concat(parts), line);
    parts = [];
    bytes = 0;
    return { line, text };
  };
  const add = (part: Buffer) => {
    bytes += part.length;
    if (bytes <= maxBytes) parts.push(part);
    else parts = [];
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, at));
      yield end();
      start = at + 1;
    }
    if (start < chunk.length) add(chunk.subarray(start));
  }
  if (bytes > 0) yield end();
}

function textOf(bytes: Buffer, line: number): string {
  const text = bytes.toString("utf8").replace(/\r$/, "");
  return line === 1 ? text.replace(/^\uFEFF/, "") : text;
}
