import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { exitOf, freePort } from "./processes.js";

const STARTER = resolve("test/support/s3-gateway.sh");
const BUCKET = "bench";
const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test-secret" };
/** The file grows with what is stored; deleted objects go some hours later. */
const GIB_ON_DISK = 60;

/** A store of its own, with a bucket. */
export interface S3Store {
  /** Settings and credentials of a server that stores its files there. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts Ceph's RADOS Gateway with its objects on the disk. The packages are those of the tests. */
export async function startS3Store(folder: string): Promise<S3Store> {
  const port = await freePort();
  const args = [
    STARTER,
    folder,
    String(port),
    String(await freePort()),
    String(process.pid),
    String(GIB_ON_DISK),
  ];
  const child = spawn("bash", args, { stdio: "ignore" });
  const ended = exitOf(child, "the S3 store");
  ended.catch(() => {});
  const untilReady = async () => {
    while (!existsSync(join(folder, "ready"))) await delay(100);
  };
  await Promise.race([untilReady(), ended]);
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: CREDENTIALS,
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  client.destroy();
  return {
    environment: {
      STORAGE: "s3",
      S3_ENDPOINT: endpoint,
      S3_BUCKET: BUCKET,
      S3_FORCE_PATH_STYLE: "true",
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
    async stop() {
      const end = once(child, "exit");
      child.kill("SIGTERM");
      await end;
    },
  };
}
