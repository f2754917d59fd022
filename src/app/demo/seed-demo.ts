import { AdvisoryLock, underLock } from "../../platform/database/advisory-lock.js";
import type { DatabaseClient } from "../../platform/database/client.js";
import type { Services } from "../wiring/services.js";
import { seedPeople } from "./demo-people.js";

/**
 * Fills an empty installation with something to look at. What is there already, it leaves alone; where it was cut off it
 * goes on. Of several that start at once one does it, and the others wait.
 */
export const seedDemo = (database: DatabaseClient, services: Services): Promise<void> =>
  underLock(database.url, AdvisoryLock.DEMO, async () => {
    const unfinished = await seedPeople(database.db);
    if (unfinished.length === 0) return;
    // It draws pictures; where the demo is there already, a start does without.
    const { seedCompany } = await import("./seed-company.js");
    for (const company of unfinished) await seedCompany(database, services, company);
  });
