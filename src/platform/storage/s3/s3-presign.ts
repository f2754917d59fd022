import { GetObjectCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { SECOND_MS } from "../../../kernel/clock.js";
import { assertKey } from "../key.js";
import type { Storage } from "../storage.js";
import { storageFault } from "./s3-faults.js";
import type { S3Store } from "./s3-store.js";
import { objectOf } from "./s3-store.js";

/** Signs URLs by which clients read objects themselves. Nothing is sent to the store. */
export function createS3Presigning(store: S3Store): Pick<Storage, "presignGet" | "internalPath"> {
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
  };
}
