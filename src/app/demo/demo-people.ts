import { findCompanyBySlug, insertCompany } from "../../modules/identity/companies/company.repository.js";
import { upsertMembership } from "../../modules/identity/memberships/membership.repository.js";
import { hashPassword } from "../../modules/identity/users/password.js";
import { findPersonByEmail, insertUser } from "../../modules/identity/users/user.repository.js";
import type { Role } from "../../modules/identity/viewer.js";
import type { Database } from "../../platform/database/client.js";

export const DEMO_PASSWORD = "filedesk-demo";
/** How many tickets each company has in the demo. */
const DEMO_TICKETS = 3;
export const DEMO_ADMIN = "admin@filedesk.test";

const COMPANIES = [
  { slug: "acme", name: "Acme Hotels" },
  { slug: "globex", name: "Globex Logistics" },
];

const PEOPLE: readonly { account: string; role: Role; names: Readonly<Record<string, string>> }[] = [
  { account: "manager", role: "MANAGER", names: { acme: "Mara Lindqvist", globex: "Gregor Baum" } },
  { account: "agent", role: "AGENT", names: { acme: "Amir Haddad", globex: "Aoife Byrne" } },
  { account: "customer", role: "CUSTOMER", names: { acme: "Clara Novak", globex: "Cem Yilmaz" } },
  { account: "customer2", role: "CUSTOMER", names: { acme: "Dario Rossi", globex: "Dana Okafor" } },
];

export const demoEmail = (account: string, slug: string) => `${account}@${slug}.test`;

/**
 * Creates the demo's companies and people, unless they exist.
 *
 * @returns the companies whose last ticket is missing, which the seed creates last
 */
export async function seedPeople(db: Database): Promise<{ id: string; slug: string }[]> {
  // Hashing is slow on purpose: done once for all, and only if somebody is missing.
  let passwordHash: string | undefined;
  const insertPerson = async (tx: Database, person: { email: string; name: string; isAdmin: boolean }) => {
    if (await findPersonByEmail(tx, person.email)) return null;
    passwordHash ??= await hashPassword(DEMO_PASSWORD);
    return insertUser(tx, { ...person, passwordHash });
  };
  return db.transaction(async (tx) => {
    await insertPerson(tx, { email: DEMO_ADMIN, name: "Ada Admin", isAdmin: true });
    const unfinished: { id: string; slug: string }[] = [];
    for (const { slug, name } of COMPANIES) {
      const company = (await insertCompany(tx, { slug, name })) ?? (await findCompanyBySlug(tx, slug));
      if (!company) continue;
      for (const { account, role, names } of PEOPLE) {
        const email = demoEmail(account, slug);
        const person = await insertPerson(tx, { email, name: names[slug] ?? account, isAdmin: false });
        if (person) await upsertMembership(tx, { companyId: company.id, userId: person.id, role });
      }
      if (company.nextTicketNumber <= DEMO_TICKETS) unfinished.push({ id: company.id, slug });
    }
    return unfinished;
  });
}
