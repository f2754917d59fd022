import { LRUCache } from "lru-cache";
import { isId, normalizeId } from "../../../kernel/ids.js";
import type { Database } from "../../../platform/database/client.js";
import { findCompany, findCompanyBySlug } from "../../identity/companies/company.repository.js";
import { findViewer } from "../../identity/sessions/viewer.repository.js";
import { normalizeEmail } from "../../identity/users/email.js";
import { findPersonByEmail, listPeople } from "../../identity/users/user.repository.js";
import type { UserViewer } from "../../identity/viewer.js";
import { isMemberOf } from "../../identity/viewer.js";
import type { ImportEntry } from "./import-entry.js";
import { isTargetType } from "./import-targets.js";
import { badEntry } from "./media-import.errors.js";

/** An entry with its names resolved. */
export interface ResolvedEntry {
  readonly companyId: string;
  readonly uploader: UserViewer;
  /** As it is stored: for things of Filedesk always the id. */
  readonly resourceId: string;
}

/** A manifest names the same few companies and people many times. */
const MAX_REMEMBERED = 10_000;

/** Resolves the names in entries, each name once. @param as e-mail address of the uploader of entries without one */
export function createEntryResolver(db: Database, as: string | null) {
  const companyIdOf = remembering(async (name) => {
    const company = isId(name)
      ? await findCompany(db, name)
      : await findCompanyBySlug(db, name.toLowerCase());
    return company && company.deletedAt === null ? company.id : null;
  });
  const personOf = remembering(async (email) => {
    const person = await findPersonByEmail(db, email);
    return person ? findViewer(db, { userId: person.id }) : null;
  });
  const userIdOf = remembering(async (name) => {
    const [person] = isId(name)
      ? await listPeople(db, [name])
      : [await findPersonByEmail(db, normalizeEmail(name))];
    return person?.id ?? null;
  });

  /** @throws ImportFault BAD_ENTRY for an unknown name, and for an uploader of another company */
  return async (entry: ImportEntry): Promise<ResolvedEntry> => {
    const companyId = await companyIdOf(entry.company);
    if (companyId === null) throw badEntry(`There is no company ${entry.company}: give its slug or its id.`);
    const email = entry.uploader ?? as;
    if (email === null)
      throw badEntry("Nobody is named as uploader: fill the column uploader, or start the import with --as.");
    const uploader = await personOf(normalizeEmail(email));
    if (uploader === null) throw badEntry(`Nobody has the e-mail address ${email}.`);
    if (!isMemberOf(uploader, companyId))
      throw badEntry(`${email} is no member of ${entry.company} and cannot be the uploader of its files.`);
    return { companyId, uploader, resourceId: await resourceIdOf(entry, companyId) };
  };

  async function resourceIdOf(entry: ImportEntry, companyId: string): Promise<string> {
    const { resourceType, resourceId } = entry;
    if (resourceType === "company") {
      if ((await companyIdOf(resourceId)) === companyId) return companyId;
      throw badEntry(`The file is ${entry.company}'s, but its use is another company's (${resourceId}).`);
    }
    if (isTargetType(resourceType)) {
      if (isId(resourceId)) return normalizeId(resourceId);
      throw badEntry(`There is no ${resourceType} ${resourceId}: give its id in Filedesk.`);
    }
    if (resourceType !== "user") return resourceId;
    const userId = await userIdOf(resourceId);
    if (userId === null) throw badEntry(`There is no user ${resourceId}: give an e-mail address or an id.`);
    const user = await findViewer(db, { userId });
    if (!user?.roles.has(companyId))
      throw badEntry(`${resourceId} is no member of ${entry.company}, which would keep the file.`);
    return userId;
  }
}

function remembering<Found>(find: (name: string) => Promise<Found>): (name: string) => Promise<Found> {
  const known = new LRUCache<string, Promise<Found>>({ max: MAX_REMEMBERED });
  return (name) => {
    const found = known.get(name) ?? find(name);
    known.set(name, found);
    found.catch(() => known.delete(name));
    return found;
  };
}
