import { pino } from "pino";
import postgres from "postgres";
import { connectDatabase } from "../../../../src/platform/database/client.js";
import { createPostgresBus } from "../../../../src/platform/events/bus/postgres-bus.js";
import { describeEventBus } from "../../../contracts/event-bus.contract.js";
import { createTestDatabase } from "../../../support/database.js";

describeEventBus("Postgres", async () => {
  const database = await createTestDatabase();
  const client = connectDatabase(database.url, { connections: 4 });
  const admin = postgres(process.env.TEST_DATABASE_URL!, { max: 1, onnotice: () => {} });
  const name = new URL(database.url).pathname.slice(1);
  const log = pino({ level: "silent" });
  return {
    open: () => createPostgresBus({ database: client, log }),
    cut: () => admin`
      select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and query ilike 'listen%'`,
    async cleanup() {
      await admin.end();
      await client.close();
      await database.drop();
    },
  };
});
