import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import type { Cluster } from "./cluster.js";
import { startCluster } from "./cluster.js";
import { createTestDatabase } from "./database.js";
import { moveIntoBucket } from "./desk-storage.js";
import { UNLIMITED } from "./desk-traffic.js";
import type { LoadBalancer } from "./load-balancer.js";
import { startLoadBalancer } from "./load-balancer.js";
import type { S3Bucket } from "./s3-gateway.js";
import type { Environment } from "./server-process.js";

/** A few checks of the load balancer, however busy the machine is. */
const NOTICE_SECONDS = 4;

export interface BalancedDeskOptions {
  readonly servers: number;
  readonly workers: number;
  /**
   * Where its files are; by default in a data folder that all processes share. With a bucket they share nothing else,
   * as on machines of their own.
   */
  readonly bucket?: S3Bucket;
}

/** The demo's desk with several servers behind a load balancer. */
export interface BalancedDesk {
  readonly cluster: Cluster;
  readonly balancer: LoadBalancer;
  /** The data folder, by which `storageOf` finds its files wherever they are. */
  readonly folder: string;
  readonly sql: postgres.Sql;
  /** Ends all, and removes its database and its files. */
  close(): Promise<void>;
}

/** Starts a desk of several processes, with no limits on its traffic. */
export async function startBalancedDesk(options: BalancedDeskOptions): Promise<BalancedDesk> {
  const { servers, workers, bucket } = options;
  const cleanUps: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), "filedesk-balanced-"));
    cleanUps.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }));
    await cp(process.env.TEST_DEMO_FOLDER ?? "", folder, { recursive: true });
    const database = await createTestDatabase("filedesk_demo_template");
    cleanUps.push(() => database.drop());
    const sql = postgres(database.url, { max: 2, onnotice: () => {} });
    cleanUps.push(() => sql.end());
    const environment: Environment = {
      DATABASE_URL: database.url,
      FILEDESK_DATA: folder,
      SHUTDOWN_DELAY_SECONDS: String(NOTICE_SECONDS),
      ...UNLIMITED,
      ...(bucket && (await moveIntoBucket(folder, bucket))),
    };
    const cluster = await startCluster({
      environment,
      servers,
      workers,
      ...(bucket && { ownSettings: (name) => ({ FILEDESK_DATA: join(folder, name) }) }),
    });
    cleanUps.push(() => cluster.close());
    const balancer = await startLoadBalancer(() => cluster.urls);
    cleanUps.push(() => balancer.close());
    return { cluster, balancer, folder, sql, close };
  } catch (error) {
    await close();
    throw error;
  }
}
