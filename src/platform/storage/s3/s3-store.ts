import type { S3Client, ServerSideEncryption, StorageClass } from "@aws-sdk/client-s3";
import { S3Client as Client } from "@aws-sdk/client-s3";
import { SECOND_MS } from "../../../kernel/clock.js";

/** How long a store may take. */
export interface S3Timeouts {
  /** To accept a connection. */
  readonly connectMs: number;
  /** To answer a request, or to take or send the next bytes of a body: a longer pause counts as stalled. */
  readonly stallMs: number;
  /** To copy an object, or to put its parts together. */
  readonly copyMs: number;
}

export interface S3Options {
  readonly bucket: string;
  readonly region: string;
  /** URL of the store; by default the one of Amazon S3 in the region. */
  readonly endpoint?: string | undefined;
  /** URL under which clients reach the store; by default the same. */
  readonly publicEndpoint?: string | undefined;
  /** Whether the bucket is the first segment of the path, instead of a part of the host name. */
  readonly forcePathStyle?: boolean;
  /** Put in front of every key, with a slash between them; empty for none. */
  readonly prefix?: string;
  readonly serverSideEncryption?: string | undefined;
  readonly storageClass?: string | undefined;
  /** By default they are found as every program with an AWS SDK finds them: environment, files, machine role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly timeouts?: Partial<S3Timeouts>;
  /** How often a request is tried, at first and again after a transient failure. */
  readonly attempts?: number;
  /** Called with each failed attempt that is followed by another one. */
  readonly onRetry?: (reason: string) => void;
}

/** A bucket, or the part of one below a prefix, and how to talk to it. */
export interface S3Store {
  readonly client: S3Client;
  /** Signs URLs for clients. */
  readonly signer: S3Client;
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** For messages. */
  readonly location: string;
  readonly endpoint: string;
  readonly timeouts: S3Timeouts;
  readonly attempts: number;
  readonly onRetry: (reason: string) => void;
  /** What every object is written with. */
  readonly written: {
    readonly ServerSideEncryption?: ServerSideEncryption;
    readonly StorageClass?: StorageClass;
  };
}

const TIMEOUTS: S3Timeouts = { connectMs: 5 * SECOND_MS, stallMs: 30 * SECOND_MS, copyMs: 300 * SECOND_MS };
const ATTEMPTS = 5;

/** In the place of the SDK's own middleware. */
const NO_RETRIES = {
  name: "retryMiddleware",
  step: "finalizeRequest",
  priority: "high",
  override: true,
} as const;

/** Prepares the connection to a store; the first request opens it. */
export function connectS3(options: S3Options): S3Store {
  const { bucket, region, serverSideEncryption, storageClass } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  const clientFor = (endpoint: string | undefined) => {
    const made = new Client({
      region,
      forcePathStyle: options.forcePathStyle ?? false,
      ...(endpoint !== undefined && { endpoint }),
      ...(options.credentials && { credentials: options.credentials }),
      // Many stores do not know the checksums that the SDK adds by default, nor its chunked bodies.
      requestChecksumCalculation: "WHEN_REQUIRED",
      responseChecksumValidation: "WHEN_REQUIRED",
      requestHandler: {
        connectionTimeout: timeouts.connectMs,
        // A slow download keeps its connection waiting: only `withRetries` and the bodies know what is stalled.
        socketTimeout: 0,
        // As many as there are requests, which are limited elsewhere: slow downloads must not hold up uploads.
        httpAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
        httpsAgent: { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY },
      },
    });
    // `withRetries` repeats: the SDK does not repeat requests with a stream.
    made.middlewareStack.add((next) => next, NO_RETRIES);
    return made;
  };
  const client = clientFor(options.endpoint);
  const prefix = options.prefix ? `${options.prefix}/` : "";
  return {
    client,
    signer: options.publicEndpoint === undefined ? client : clientFor(options.publicEndpoint),
    bucket,
    prefix,
    location: `s3://${bucket}${prefix && `/${options.prefix}`}`,
    endpoint: options.endpoint ?? `Amazon S3 in ${region}`,
    timeouts,
    attempts: options.attempts ?? ATTEMPTS,
    onRetry: options.onRetry ?? (() => {}),
    written: {
      ...(serverSideEncryption && { ServerSideEncryption: serverSideEncryption as ServerSideEncryption }),
      ...(storageClass && { StorageClass: storageClass as StorageClass }),
    },
  };
}

/** The same bucket, further below. */
export const below = (store: S3Store, folder: string): S3Store => ({
  ...store,
  prefix: `${store.prefix}${folder}/`,
});

/** The parameters that name an object. */
export const objectOf = ({ bucket, prefix }: Pick<S3Store, "bucket" | "prefix">, key: string) => ({
  Bucket: bucket,
  Key: prefix + key,
});
