import { UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl, S3RequestPresigner } from "@aws-sdk/s3-request-presigner";
import type { PartPresigner, PresignedPartsOptions } from "../multipart-uploads.js";
import type { S3Store } from "./s3-store.js";

interface Aim {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** What is not signed, a client could change. */
const LENGTH = "content-length";
const SIGNED = { signableHeaders: new Set([LENGTH]), unhoistableHeaders: new Set([LENGTH]) };

/**
 * Signs the URLs of the parts of one upload. The SDK prepares a request for the first one, which takes several times as
 * long as a signature; the others differ in number and length alone.
 */
export function createPartSigner(
  { signer }: S3Store,
  aim: Aim,
  { expiresInSeconds: expiresIn }: PresignedPartsOptions,
): PartPresigner {
  const presigner = new S3RequestPresigner({ ...signer.config });
  const prepare = async (): Promise<URL> => {
    const anyPart = new UploadPartCommand({ ...aim, PartNumber: 1 });
    return new URL(await getSignedUrl(signer, anyPart, { expiresIn }));
  };
  let prepared: Promise<URL> | null = null;
  return async ({ number, size }) => {
    prepared ??= prepare();
    const { protocol, host, hostname, port, pathname, searchParams } = await prepared;
    const unsigned = [...searchParams].filter(([name]) => !name.startsWith("X-Amz-"));
    const signed = await presigner.presign(
      {
        method: "PUT",
        protocol,
        hostname,
        ...(port !== "" && { port: Number(port) }),
        path: pathname,
        query: { ...Object.fromEntries(unsigned), partNumber: String(number) },
        headers: { host, [LENGTH]: String(size) },
      },
      { expiresIn, ...SIGNED },
    );
    const query = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`,
    );
    return `${protocol}//${host}${pathname}?${query.join("&")}`;
  };
}
