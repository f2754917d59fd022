import type { StartUploadInput, StartUploadMutation } from "./generated/operations.js";
import { StartUploadDocument } from "./generated/operations.js";
import { bearer, postGraphQL } from "./test-client.js";

/** Whoever uploads to a server. */
export interface Uploading {
  readonly url: string;
  readonly token: string | undefined;
}

export const TUS = { "tus-resumable": "1.0.0" };
export const BYTES = { ...TUS, "content-type": "application/offset+octet-stream" };

export type StartedUpload = NonNullable<StartUploadMutation["startUpload"]> & {
  /** Empty for one that is sent in parts. */
  readonly url: string;
};

/** @throws the first error of the answer */
export async function startUpload(
  { url, token }: Uploading,
  input: StartUploadInput,
): Promise<StartedUpload> {
  const { data, errors } = await postGraphQL(url, StartUploadDocument, { input }, token);
  if (!data?.startUpload) throw Object.assign(new Error(errors?.[0]?.message), errors?.[0]?.extensions);
  return { ...data.startUpload, url: data.startUpload.url ?? "" };
}

export interface TusAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly offset: number | null;
  readonly code: string | undefined;
}

/** One request of the protocol to an upload. */
export async function tusRequest(
  url: string,
  { token, ...request }: RequestInit & { readonly token?: string | undefined },
): Promise<TusAnswer> {
  const headers = { ...bearer(token), ...(request.headers as Record<string, string>) };
  const response = await fetch(url, { ...request, headers });
  const text = await response.text();
  const body = text === "" ? null : (JSON.parse(text) as { error: { code: string } });
  const offset = response.headers.get("upload-offset");
  return {
    status: response.status,
    headers: response.headers,
    offset: offset === null ? null : Number(offset),
    code: body?.error.code,
  };
}

export const patchBytes = (
  url: string,
  token: string | undefined,
  bytes: Buffer,
  { offset = 0, headers = {} }: { readonly offset?: number; readonly headers?: Record<string, string> } = {},
): Promise<TusAnswer> =>
  tusRequest(url, {
    method: "PATCH",
    token,
    body: new Uint8Array(bytes),
    headers: { ...BYTES, "upload-offset": String(offset), ...headers },
  });

export const headOf = (url: string, token: string | undefined): Promise<TusAnswer> =>
  tusRequest(url, { method: "HEAD", token, headers: TUS });

/** Begins an upload and sends all of its bytes. @returns its id */
export async function stageFile(
  by: Uploading,
  input: Omit<StartUploadInput, "size">,
  bytes: Buffer,
): Promise<string> {
  const { id, url } = await startUpload(by, { ...input, size: bytes.length });
  const { status, code } = await patchBytes(url, by.token, bytes);
  if (status !== 204) throw new Error(`the upload was answered with ${status} ${code}`);
  return id;
}
