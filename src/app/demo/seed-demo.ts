import { AdvisoryLock, underLock } from "../../platform/database/advisory-lock.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { Services } from "../wiring/services.js";
import { seedPeople } from "./demo-people.js";

/**
 * Creates demo data. Existing data is not changed, and an interrupted seed is continued. If several processes start at
 * once, one seeds and the others wait.
 */
export const seedDemo = (database: DatabaseClient, services: Services): Promise<void> =>
  underLock(database.sessionUrl, AdvisoryLock.DEMO, async () => {
    const unfinished = await seedPeople(database.db);
    if (unfinished.length === 0) return;
    // Loaded only if needed, because it loads sharp.
    const { seedCompany } = await import("./seed-company.js");
    for (const company of unfinished) await seedCompany(database, services, company);
  });
