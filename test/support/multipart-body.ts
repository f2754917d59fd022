export const BOUNDARY = "filedesk-boundary";

export interface Part {
  readonly name?: string;
  readonly fileName?: string;
  /** Header lines in place of the usual `Content-Disposition`. */
  readonly headers?: string;
  readonly content: string | Buffer;
}

export const operationsOf = (fileCount: number) =>
  JSON.stringify({ query: "mutation", variables: { files: new Array(fileCount).fill(null) } });

export const mapOf = (fileCount: number) =>
  JSON.stringify(
    Object.fromEntries(Array.from({ length: fileCount }, (_, n) => [n, [`variables.files.${n}`]])),
  );

/** `operations` and `map` for the variables `files.0`, `files.1`, … and a part `0`, `1`, … for each content. */
export const uploadOf = (...contents: (string | Buffer)[]): Part[] => [
  { name: "operations", content: operationsOf(contents.length) },
  { name: "map", content: mapOf(contents.length) },
  ...contents.map((content, n) => ({ name: String(n), fileName: `${n}.txt`, content })),
];

/** The same as a browser sends it, with files of bytes that are not told apart. */
export function uploadForm(...contents: (string | Buffer)[]): FormData {
  const form = new FormData();
  form.append("operations", operationsOf(contents.length));
  form.append("map", mapOf(contents.length));
  contents.forEach((content, n) => {
    form.append(String(n), new Blob([content as never]), `${n}.bin`);
  });
  return form;
}

/** A body of multipart/form-data (RFC 7578), without its closing boundary when `open`. */
export function multipartBody(parts: readonly Part[], { open = false } = {}): Buffer {
  const pieces = parts.flatMap(({ name, fileName, headers, content }) => [
    Buffer.from(
      `--${BOUNDARY}\r\n${headers ?? `Content-Disposition: form-data; name="${name}"${fileName === undefined ? "" : `; filename="${fileName}"`}`}\r\n\r\n`,
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  const whole = Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
  return open ? whole.subarray(0, whole.length - BOUNDARY.length - 8) : whole;
}
