import "../platform/events/bus/postgres-bus.test.js";
import "../platform/events/bus/redis-bus.test.js";
import "../platform/events/feed/event-feed-access.test.js";
import "../platform/events/feed/event-feed-servers.test.js";
import "../platform/events/feed/event-feed.test.js";
import "../platform/graphql/subscriptions/subscription-streams.test.js";
import "../platform/graphql/subscriptions/subscriptions.test.js";
import "../platform/graphql/subscriptions/websocket-gateway.test.js";
