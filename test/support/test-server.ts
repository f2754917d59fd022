import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApolloClient } from "@apollo/client";
import type { Logger } from "pino";
import { DEMO_PASSWORD } from "../../src/app/demo/demo-people.js";
import type { Desk } from "../../src/app/server/serve.js";
import { serve } from "../../src/app/server/serve.js";
import { readConfig } from "../../src/platform/config/config.js";
import { createTestDatabase } from "./database.js";
import { moveIntoBucket, storesInS3 } from "./desk-storage.js";
import { SignInDocument } from "./generated/operations.js";
import { noteGeneratedSecrets, noteSecretSettings, runLogger } from "./run-log.js";
import type { S3Bucket } from "./s3-gateway.js";
import { makeBucket } from "./s3-gateway.js";
import type { TcpProxy } from "./tcp-proxy.js";
import { through } from "./tcp-proxy.js";
import type { GraphQLAnswer, Query } from "./test-client.js";
import { createClient, postGraphQL } from "./test-client.js";

/** Far above what tests do, so that a test meets the limits that it asks for alone. */
const GENEROUS = {
  UPLOADS_PER_MINUTE: "100000",
  UPLOAD_FILES_PER_MINUTE: "100000",
  UPLOADS_AT_ONCE: "100000",
  DOWNLOADS_PER_MINUTE: "100000",
  CREATIONS_PER_MINUTE: "100000",
  CHANGES_PER_MINUTE: "100000",
  MESSAGES_PER_MINUTE: "100000",
  SUBSCRIPTIONS_PER_MINUTE: "100000",
  DOWNLOADS_AT_ONCE: "100000",
  SIGN_INS_PER_MINUTE: "100000",
  READ_SECONDS: "30",
};

export interface TestServerOptions {
  /** Stands between the server and its database. */
  readonly proxy?: TcpProxy;
  /** Settings over the test server's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onStatement?: (statement: string) => void;
  /** Where its data folder is made; by default among the system's temp files. */
  readonly parentFolder?: string;
  /** Where its files are instead of its data folder. */
  readonly bucket?: S3Bucket;
  /** Whether it runs as the role that owns the tables. */
  readonly oneRole?: boolean;
  /** Where log lines go; by default nowhere. */
  readonly log?: Logger;
}

export interface SignedIn {
  readonly token: string;
  readonly id: string;
  readonly email: string;
  /** An Apollo Client of this person's. */
  readonly client: ApolloClient;
}

export interface TestServer {
  readonly url: string;
  /** Where its metrics are; null without METRICS_PORT. */
  readonly metricsUrl: string | null;
  readonly dataFolder: string;
  readonly services: Desk["services"];
  readonly database: Desk["database"];
  /** The database as the owner of the tables. */
  readonly ownerUrl: string;
  readonly feed: Desk["feed"];
  /** One of the demo's people, or somebody with the demo's password; once per person. */
  signInAs(email: string): Promise<SignedIn>;
  gql<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    query: Query<Data, Variables>,
    variables?: Variables,
    token?: string,
  ): Promise<GraphQLAnswer<Data>>;
  /** Stops the server and starts it again on the same data, at the same address. */
  restart(): Promise<void>;
  /** Stops the server and removes its database and its files. */
  close(): Promise<void>;
}

/** A whole desk with the demo data in this process, on a database and a data folder of its own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  // What it makes of an empty installation is there already, as after a start before: that takes a while.
  const database = await createTestDatabase("filedesk_demo_template", options);
  const dataFolder = await mkdtemp(join(options.parentFolder ?? tmpdir(), "filedesk-test-"));
  await cp(process.env.TEST_DEMO_FOLDER ?? "", dataFolder, { recursive: true });
  const bucket = options.bucket ?? (storesInS3() ? await makeBucket() : null);
  const storedAt = bucket ? await moveIntoBucket(dataFolder, bucket) : {};
  const env = {
    NODE_ENV: "test",
    PORT: "0",
    ...database.settings,
    ...(options.proxy && { DATABASE_URL: through(options.proxy, database.serverUrl) }),
    FILEDESK_DATA: dataFolder,
    ...GENEROUS,
    // Jobs run where a test has them run: nothing comes and goes beside what it looks at.
    WORKER: "off",
    ...storedAt,
    ...options.env,
  };
  noteSecretSettings(env);
  const start = (port = env.PORT) =>
    serve({
      config: readConfig({ ...env, PORT: port }),
      // A test's own logger does not hide what the server's own does.
      log: options.log ?? runLogger(),
      ...(options.onStatement && { onStatement: options.onStatement }),
    });
  const removeAll = async () => {
    await database.drop();
    await rm(dataFolder, { recursive: true, force: true });
  };
  let desk = await start().catch(async (error: unknown) => {
    await removeAll();
    throw error;
  });
  noteGeneratedSecrets(dataFolder);
  const { url } = desk;
  const people = new Map<string, Promise<SignedIn>>();
  const signIn = async (email: string): Promise<SignedIn> => {
    const { data } = await postGraphQL(url, SignInDocument, { input: { email, password: DEMO_PASSWORD } });
    if (!data?.signIn) throw new Error(`${email} cannot sign in`);
    const { accessToken: token, viewer } = data.signIn;
    return { token, id: viewer.user!.id, email, client: createClient(url, token) };
  };
  return {
    url,
    get metricsUrl() {
      return desk.metricsUrl;
    },
    dataFolder,
    get services() {
      return desk.services;
    },
    get database() {
      return desk.database;
    },
    ownerUrl: database.url,
    get feed() {
      return desk.feed;
    },
    signInAs(email) {
      const person = people.get(email) ?? signIn(email);
      people.set(email, person);
      return person;
    },
    gql: (query, variables, token) => postGraphQL(url, query, variables, token),
    async restart() {
      await desk.close();
      desk = await start(new URL(url).port);
    },
    async close() {
      await desk.close();
      await removeAll();
    },
  };
}
