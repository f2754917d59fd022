import { StorageFault } from "../storage.js";
import type { S3Store } from "./s3-store.js";

/** A store that has neither answered nor moved a byte for too long. */
export class Stalled extends Error {
  override readonly name = "Stalled";
}

/** Bytes that do not have the hash of those that were stored. */
export class WrongBytes extends Error {
  override readonly name = "WrongBytes";
}

/** Names of S3's errors that pass, besides those with a status of 500 or more. */
const TRANSIENT = new Set([
  "Stalled",
  "TimeoutError",
  "SlowDown",
  "ServiceUnavailable",
  "InternalError",
  "RequestTimeout",
  "OperationAborted",
  "IncompleteBody",
  // The bytes were changed on their way.
  "BadDigest",
  // The SDK has corrected its clock by the answer.
  "RequestTimeTooSkewed",
]);

const TRANSIENT_CODES = new Set([
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

interface Fault {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Whether the same request may succeed when it is sent again. */
export function isTransient(error: unknown): boolean {
  const { name = "", code, $metadata } = error as Fault;
  const status = $metadata?.httpStatusCode ?? 0;
  return TRANSIENT.has(name) || TRANSIENT_CODES.has(String(code)) || status >= 500 || status === 429;
}

/** Whether the store has answered that there is no such object. A missing bucket is another error. */
export const isNoSuchKey = (error: unknown): boolean => {
  const { name, $metadata } = error as Fault;
  // The answer to a HEAD has no body that could tell which is missing.
  return (
    name === "NoSuchKey" || name === "NotFound" || (name === "Unknown" && $metadata?.httpStatusCode === 404)
  );
};

export const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  names.includes((error as Fault).name ?? "");

/** Turns the error of a request into one that tells an operator what is wrong and what to do. */
export function storageFault(store: S3Store, doing: string, error: unknown): StorageFault {
  const reason = `${explain(store, error as Fault)} (${doing}: ${describe(error as Fault)})`;
  return new StorageFault(reason, { cause: error });
}

/** An error as it came, without its repetitions. */
const describe = ({ name, message, code, $metadata }: Fault): string =>
  [...new Set([name, code, message, $metadata?.httpStatusCode])]
    .filter((part) => part !== undefined && part !== "" && part !== "Error")
    .join(", ");

const MISSING_RIGHTS =
  "it needs to get, put, delete and list objects, and to abort and list multipart uploads and to list their parts";

function explain({ bucket, endpoint }: S3Store, { name = "", code, $metadata }: Fault): string {
  switch (name) {
    case "NoSuchBucket":
      return `There is no bucket ${bucket} at ${endpoint}. Create it, or correct S3_BUCKET, S3_REGION or S3_ENDPOINT`;
    case "InvalidAccessKeyId":
      return `${endpoint} does not know the access key. Correct AWS_ACCESS_KEY_ID`;
    case "SignatureDoesNotMatch":
      return `${endpoint} refuses the signature: the secret key is wrong. Correct AWS_SECRET_ACCESS_KEY`;
    case "ExpiredToken":
    case "InvalidToken":
      return `${endpoint} refuses the credentials because their session has ended. Renew AWS_SESSION_TOKEN`;
    case "CredentialsProviderError":
      return "There are no credentials for the S3 store. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role";
    case "PermanentRedirect":
    case "AuthorizationHeaderMalformed":
      return `The bucket ${bucket} is in another region. Correct S3_REGION`;
    case "RequestTimeTooSkewed":
      return `The clock of this machine differs from that of ${endpoint}. Set it right`;
    case "InvalidStorageClass":
      return `${endpoint} does not know the storage class. Correct S3_STORAGE_CLASS`;
    case "WrongBytes":
      return `${endpoint} has sent other bytes than those that were stored`;
    case "Stalled":
      return `${endpoint} does not answer`;
  }
  const status = $metadata?.httpStatusCode;
  if (status === 403) return `${endpoint} refuses access to the bucket ${bucket}: ${MISSING_RIGHTS}`;
  if (status === 301) return `The bucket ${bucket} is in another region. Correct S3_REGION`;
  if (status === 404) return `There is no bucket ${bucket} at ${endpoint}, or it is not an S3 store`;
  if (status !== undefined && status >= 500) return `${endpoint} is out of order at the moment`;
  if (/CERT|SELF_SIGNED|ERR_TLS/.test(String(code)))
    return `The certificate of ${endpoint} is not accepted. Correct it, or name its authority in NODE_EXTRA_CA_CERTS`;
  if (code !== undefined || name === "TimeoutError")
    return `${endpoint} cannot be reached. Check S3_ENDPOINT, and whether the store runs`;
  return `The S3 store ${endpoint} has failed`;
}
