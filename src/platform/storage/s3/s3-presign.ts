import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { SECOND_MS } from "../../../kernel/clock.js";
import { assertKey } from "../key.js";
import type { Storage } from "../storage.js";
import { storageFault } from "./s3-faults.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";

const SSE_HEADER = "x-amz-server-side-encryption";
const CLASS_HEADER = "x-amz-storage-class";

/** Signs URLs by which clients read and write objects themselves. Nothing is sent to the store. */
export function createS3Presigning(
  store: S3Store,
): Pick<Storage, "presignGet" | "presignPut" | "internalPath"> {
  const explained = async <Result>(key: string, signing: Promise<Result>): Promise<Result> => {
    try {
      return await signing;
    } catch (error) {
      throw storageFault(store, `sign a URL of ${key}`, error);
    }
  };
  return {
    async presignGet(key, { expiresInSeconds, windowSeconds = 1, ...headers }) {
      assertKey(key);
      const get = new GetObjectCommand({
        ...objectOf(store, key),
        ResponseContentType: headers.contentType,
        ResponseContentDisposition: headers.contentDisposition,
        ResponseCacheControl: headers.cacheControl,
      });
      const windowMs = windowSeconds * SECOND_MS;
      const signingDate = new Date(Math.floor(Date.now() / windowMs) * windowMs);
      return explained(
        key,
        getSignedUrl(store.signer, get, { expiresIn: expiresInSeconds + windowSeconds, signingDate }),
      );
    },

    internalPath: async () => null,

    async presignPut(key, { expiresInSeconds, size, contentType }) {
      assertKey(key);
      const { ServerSideEncryption, StorageClass } = store.written;
      // What is not a header of the request would not count for the object; what is not signed, a client could leave out.
      const headers = {
        ...(contentType !== undefined && { "content-type": contentType }),
        ...(ServerSideEncryption && { [SSE_HEADER]: ServerSideEncryption }),
        ...(StorageClass && { [CLASS_HEADER]: StorageClass }),
      };
      const put = new PutObjectCommand({
        ...objectOf(store, key),
        ...store.written,
        ...(size !== undefined && { ContentLength: size }),
        ...(contentType !== undefined && { ContentType: contentType }),
      });
      const names = new Set([...Object.keys(headers), ...(size === undefined ? [] : ["content-length"])]);
      const url = await explained(
        key,
        getSignedUrl(store.signer, put, {
          expiresIn: expiresInSeconds,
          signableHeaders: names,
          unhoistableHeaders: names,
        }),
      );
      return { url, headers };
    },
  };
}
