import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { isErrno } from "../../src/kernel/errno.js";
import type { S3Options, S3Store } from "../../src/platform/storage/s3/s3-store.js";
import { connectS3 } from "../../src/platform/storage/s3/s3-store.js";
import { until } from "./feed-world.js";

import { present } from "./present.js";
import { freePort } from "./spawned-service.js";

const STARTER = fileURLToPath(new URL("s3-gateway.sh", import.meta.url));
const PROGRAMS = ["radosgw", "ceph-mon", "ceph-osd"];

/** Only a start that hangs takes so long. */
const START_MS = 120_000;

/** `describe` and `it` of tests that need a real S3 store are skipped where it is missing. */
export const hasS3Gateway = (): boolean =>
  present(
    PROGRAMS.join(", "),
    PROGRAMS.every((program) => spawnSync(program, ["--version"]).status === 0),
  );

export const S3_CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test-secret" } as const;

/** A new bucket of a real S3 store. */
export interface S3Bucket {
  readonly endpoint: string;
  readonly bucket: string;
  /** For an adapter in this process. */
  readonly options: S3Options;
  /** Settings and credentials of a server that stores its files here. */
  readonly env: Readonly<Record<string, string>>;
  /** The credentials alone, as variables. */
  readonly credentials: Readonly<Record<string, string>>;
  /** For what tests do to it themselves. */
  readonly store: S3Store;
}

/** Makes a bucket. The store is started for the first one, and ends with the test run. */
export async function makeBucket(): Promise<S3Bucket> {
  const endpoint = await gateway();
  const bucket = `test-${randomUUID()}`;
  const options: S3Options = {
    endpoint,
    bucket,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: S3_CREDENTIALS,
  };
  const store = connectS3(options);
  await store.client.send(new CreateBucketCommand({ Bucket: bucket }));
  const credentials = {
    AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
  };
  const env = {
    STORAGE: "s3",
    S3_ENDPOINT: endpoint,
    S3_BUCKET: bucket,
    S3_FORCE_PATH_STYLE: "true",
    ...credentials,
  };
  return { endpoint, bucket, options, env, credentials, store };
}

/** One for all test files of a run: the first one to ask starts it. @returns its URL */
async function gateway(): Promise<string> {
  const owner = process.env.TEST_RUN_PID ?? "";
  const folder = join(tmpdir(), `filedesk-tests-s3-${owner}`);
  const address = join(folder, "address");
  if (await isFirst(folder)) {
    if (!hasS3Gateway())
      throw new Error(`${PROGRAMS.join(", ")} are needed, and not all of them are installed`);
    const port = await freePort();
    const args = [STARTER, folder, String(port), String(await freePort()), owner];
    spawn("bash", args, { detached: true, stdio: "ignore" }).unref();
    await writeFile(`${address}.new`, `http://127.0.0.1:${port}`);
    await rename(`${address}.new`, address);
  }
  await until(() => existsSync(address) && existsSync(join(folder, "ready")), START_MS);
  return readFile(address, "utf8");
}

async function isFirst(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  }
}
