import { createHash } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { json } from "node:stream/consumers";
import { print } from "graphql";
import { BOUNDARY, multipartBody } from "./multipart-body.js";
import type { GraphQLAnswer, Query } from "./test-client.js";
import { bearer } from "./test-client.js";

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FilesRequest<Data> {
  // biome-ignore lint/suspicious/noExplicitAny: a mutation of any variables
  readonly query: Query<Data, any>;
  /** Without its files. */
  readonly input: object;
  /** They take their place at `input.files`. */
  readonly files: readonly NamedBytes[];
  readonly token?: string;
}

/** The fields of a multipart request that come before its files, which are the parts `0`, `1`, … */
export function fieldsBeforeFiles({ query, input, files }: Omit<FilesRequest<unknown>, "token">) {
  const variables = { input: { ...input, files: files.map(() => null) } };
  return {
    operations: JSON.stringify({ query: typeof query === "string" ? query : print(query), variables }),
    map: JSON.stringify(Object.fromEntries(files.map((_, n) => [n, [`variables.input.files.${n}`]]))),
  };
}

/** One multipart request and its answer as it came. */
export async function postFiles<Data>(
  url: string,
  request: FilesRequest<Data>,
): Promise<GraphQLAnswer<Data>> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fieldsBeforeFiles(request))) form.append(name, value);
  for (const [n, { name, bytes }] of request.files.entries())
    form.append(String(n), new Blob([new Uint8Array(bytes)]), name);
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "apollo-require-preflight": "true", ...bearer(request.token) },
    body: form,
  });
  const body = JSON.parse(await response.text()) as Pick<GraphQLAnswer<Data>, "data" | "errors">;
  return { status: response.status, headers: response.headers, ...body };
}

export interface PartsRequest {
  readonly query: string;
  readonly variables: object;
  /** Where each of the files belongs, which are the parts `0`, `1`, … */
  readonly map: Readonly<Record<string, readonly string[]>>;
  readonly files: readonly NamedBytes[];
  readonly token: string;
}

/** As `postFiles`, with a map as one likes it; what proves that no form sends it is the token. */
export async function postParts<Data>(
  url: string,
  { query, variables, map, files, token }: PartsRequest,
): Promise<GraphQLAnswer<Data>> {
  const parts = [
    { name: "operations", content: JSON.stringify({ query, variables }) },
    { name: "map", content: JSON.stringify(map) },
    ...files.map(({ name, bytes }, n) => ({ name: String(n), fileName: name, content: bytes })),
  ];
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${BOUNDARY}`, ...bearer(token) },
    body: new Uint8Array(multipartBody(parts)),
  });
  const body = JSON.parse(await response.text()) as Pick<GraphQLAnswer<Data>, "data" | "errors">;
  return { status: response.status, headers: response.headers, ...body };
}

/** A request that waits for its last bytes. */
export interface HeldPost<Data> {
  /** Sends them, and gives back the answer. */
  finish(): Promise<Pick<GraphQLAnswer<Data>, "status" | "data" | "errors">>;
  /** Goes away. */
  abort(): void;
}

/** What is held back; before it come all files but the end of the last one. */
const HELD_BYTES = 1_000;

/** Sends a multipart request but for its last bytes. The files have more than that. */
export function holdPost<Data>(url: string, request: FilesRequest<Data>): HeldPost<Data> {
  const body = multipartBody([
    ...Object.entries(fieldsBeforeFiles(request)).map(([name, content]) => ({ name, content })),
    ...request.files.map(({ name, bytes }, n) => ({ name: String(n), fileName: name, content: bytes })),
  ]);
  const sending = httpRequest(`${url}/graphql`, {
    method: "POST",
    // As a browser does it: the connection stays open.
    agent: new Agent({ keepAlive: true }),
    headers: {
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-length": body.length,
      "apollo-require-preflight": "true",
      ...bearer(request.token),
    },
  });
  const answer = once(sending, "response");
  answer.catch(() => {}); // `finish` reports it
  sending.write(body.subarray(0, -HELD_BYTES));
  return {
    async finish() {
      sending.end(body.subarray(-HELD_BYTES));
      const [response] = await answer;
      return { status: response.statusCode, ...((await json(response)) as object) };
    },
    abort: () => sending.destroy(),
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
