import type { Page, PageRequest } from "../../../kernel/pagination.js";
import { MAX_PAGE_SIZE } from "../../../kernel/pagination.js";
import type { Database } from "../../../platform/database/client.js";
import { perRequest, perRequestAndArguments } from "../../../platform/graphql/loaders.js";
import type { MembershipRow } from "../membership.tables.js";
import type { ViewerContext } from "../viewer.js";
import {
  countMembershipsOfCompanies,
  listMembershipsOfCompanies,
  listMembershipsOfUsers,
} from "./membership.repository.js";

export type MembershipLoaders = ReturnType<typeof createMembershipLoaders>;

export const createMembershipLoaders = ({ db }: { db: Database }) => ({
  /** A page of each company's members. */
  ofCompany: perRequestAndArguments<ViewerContext, PageRequest, string, Page<MembershipRow>>(
    (_context, page, ids) => listMembershipsOfCompanies(db, ids, page),
  ),
  countOfCompany: perRequest<ViewerContext, string, number>((_context, ids) =>
    countMembershipsOfCompanies(db, ids),
  ),
  /** A person's first memberships, as many as a page holds. */
  ofUser: perRequest<ViewerContext, string, MembershipRow[]>((_context, ids) =>
    listMembershipsOfUsers(db, ids, MAX_PAGE_SIZE),
  ),
});
