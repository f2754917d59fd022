import { badUserInput } from "../../kernel/errors.js";
import { findCompany, findCompanyBySlug } from "../../modules/identity/companies/company.repository.js";
import type { Database } from "../../platform/database/client.js";

/** Returns the id of a company. @param name a slug or an id @throws BAD_USER_INPUT */
export async function companyIdOf(db: Database, name: string): Promise<string> {
  const company = (await findCompanyBySlug(db, name)) ?? (await findCompany(db, name));
  if (!company || company.deletedAt !== null)
    throw badUserInput(`There is no company ${name}: give its slug or its id.`);
  return company.id;
}
