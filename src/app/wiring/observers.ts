import type { ApolloServerPlugin, BaseContext } from "@apollo/server";
import type { FastifyInstance } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { IngestObserver } from "../../modules/media/ingest/ingest-observer.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { FeedCounts } from "../../platform/events/feed/feed.js";
import type { ObserveOperation } from "../../platform/graphql/execution/compiled-execution.js";
import type { Scanner } from "../../platform/scanner/scanner.js";
import type { Observe } from "../../platform/telemetry/observe.js";

/** What is read when metrics are scraped. */
export interface Watched {
  readonly database: Pick<DatabaseClient, "background" | "poolUse">;
  readonly feed: { counts(): FeedCounts };
}

/** One way to observe a process, such as metrics or traces. */
export interface Observers {
  /** Observes the operations of the storage. */
  readonly storage?: Observe;
  /** Observes SQL statements, by their texts. */
  readonly statements?: Observe;
  /** Observes the runs of jobs. */
  readonly jobs?: Observe;
  readonly ingest?: IngestObserver;
  observeScanner?(scanner: Scanner): Scanner;
  /** Called with the lag of each delivered event, in seconds. */
  onDelivered?(lagSeconds: number): void;
  /** Adds hooks to the public server. */
  observeHttp?(app: FastifyInstance): void;
  graphqlPlugin?(schema: GraphQLSchema): ApolloServerPlugin<BaseContext>;
  /** Observes the execution of queries and mutations. */
  operations?(schema: GraphQLSchema): ObserveOperation;
  watch?(watched: Watched): void;
}
