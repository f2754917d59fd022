import type { DatabaseClient } from "../../platform/database/client.js";
import type { Services } from "../services.js";
import { seedPeople } from "./demo-people.js";

/** Fills an empty installation with something to look at. What is there already, it leaves alone. */
export async function seedDemo(database: DatabaseClient, services: Services): Promise<void> {
  const empty = await seedPeople(database.db);
  if (empty.length === 0) return;
  // It draws pictures; where the demo is there already, a start does without.
  const { seedCompany } = await import("./seed-company.js");
  for (const company of empty) await seedCompany(database, services, company);
}
