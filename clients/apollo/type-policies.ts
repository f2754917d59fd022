import type { FieldMergeFunction, Reference, TypePolicies } from "@apollo/client";

interface PageInfo {
  readonly startCursor?: string | null;
  readonly endCursor?: string | null;
  readonly hasNextPage?: boolean;
  readonly hasPreviousPage?: boolean;
}

/** A page of a list as the cache keeps it: what was asked for of it. */
interface Page {
  readonly edges?: readonly { readonly cursor?: string; readonly node?: Reference }[];
  readonly nodes?: readonly Reference[];
  readonly pageInfo?: PageInfo;
  readonly totalCount?: number;
}

/** Who asks for edges has the nodes as well. */
function withNodes(page: Page): Page {
  if (page.nodes || !page.edges) return page;
  const nodes = page.edges.flatMap(({ node }) => (node ? [node] : []));
  return nodes.length === page.edges.length ? { ...page, nodes } : page;
}

const sameItems = (one: readonly Reference[], other: readonly Reference[]) =>
  one.length === other.length && one.every(({ __ref }, index) => __ref === other[index]?.__ref);

/** Whether two answers may be of one list, unchanged: nothing that both tell differs. */
function mayBeSame(one: Page, other: Page): boolean {
  if (one.nodes && other.nodes) return sameItems(one.nodes, other.nodes);
  return (
    one.totalCount === undefined || other.totalCount === undefined || one.totalCount === other.totalCount
  );
}

/** Some of the items of a page. */
const slice = ({ nodes, edges, ...rest }: Page, start: number, end?: number): Page => ({
  ...rest,
  ...(nodes && { nodes: nodes.slice(start, end) }),
  ...(edges && { edges: edges.slice(start, end) }),
});

const withoutItems = ({ edges, nodes, pageInfo, ...rest }: Page): Page => rest;

/** As edges and as nodes where both pages have them: what one of them lacks, is asked for again. */
const joined = (first: Page, second: Page): Page => ({
  ...(first.edges && second.edges && { edges: [...first.edges, ...second.edges] }),
  ...(first.nodes && second.nodes && { nodes: [...first.nodes, ...second.nodes] }),
  ...(first.pageInfo && second.pageInfo && { pageInfo: joinedInfo(first.pageInfo, second.pageInfo) }),
});

const joinedInfo = (first: PageInfo, second: PageInfo): PageInfo => ({
  ...first,
  ...second,
  startCursor: first.startCursor ?? second.startCursor ?? null,
  endCursor: second.endCursor ?? first.endCursor ?? null,
  ...(first.hasPreviousPage !== undefined && { hasPreviousPage: first.hasPreviousPage }),
});

/** Where an item of a page stands among those that are there; -1 for nowhere. */
const placeOf = (item: Reference | undefined, { nodes = [] }: Page) =>
  item ? nodes.findIndex(({ __ref }) => __ref === item.__ref) : -1;

const endOf = ({ pageInfo, edges }: Page) => pageInfo?.endCursor ?? edges?.at(-1)?.cursor;
const startOf = ({ pageInfo, edges }: Page) => pageInfo?.startCursor ?? edges?.[0]?.cursor;

/** What is there with a page behind or before a part of it; null for a page that does not touch it. */
function touching(existing: Page, page: Page, { after, before }: Record<string, unknown>): Page | null {
  if (after) {
    if (after === endOf(existing)) return joined(existing, page);
    // The same page may be asked for twice.
    const start = placeOf(page.nodes?.[0], existing);
    return start > 0 ? joined(slice(existing, 0, start), page) : null;
  }
  if (!before) return null;
  if (before === startOf(existing)) return joined(page, existing);
  const end = placeOf(page.nodes?.at(-1), existing);
  return end >= 0 ? joined(page, slice(existing, end + 1)) : null;
}

/**
 * A page that goes on where the cache's ends, or ends where it begins, is joined to it. Any other takes its place: what
 * the cache had told of the list stays as long as it fits, so that one query may ask for edges, another for nodes, and a
 * third for the count.
 */
const mergePages: FieldMergeFunction<Page> = (existing, incoming, { args }) => {
  const page = withNodes(incoming);
  if (!existing) return page;
  const whole = touching(existing, page, args ?? {});
  if (whole) return { ...withoutItems(existing), ...withoutItems(page), ...whole };
  return mayBeSame(existing, page) ? { ...existing, ...page } : page;
};

/** Lists of different lengths are different lists: `messages(last: 1)` is not the end of `messages(last: 20)`. */
const PAGE = ["first", "last"];
const paged = (...args: readonly string[]) => ({ keyArgs: [...args, ...PAGE], merge: mergePages });

/** Lists that an answer gives whole: the new one takes the old one's place. */
const whole = { merge: false };

/** How Apollo Client keeps what Filedesk answers. */
export const typePolicies: TypePolicies = {
  Query: {
    fields: {
      apiKeys: paged("companyId"),
      auditLog: paged("filter"),
      companies: paged("search"),
      conversations: paged("filter"),
      mediaFiles: paged("companyId", "filter", "orderBy"),
      mediaUsages: paged("companyId", "resourceType", "resourceIds", "fieldName"),
      orphanedMediaFiles: paged("companyId", "olderThanDays"),
      tickets: paged("filter", "orderBy"),
      users: paged("search", "isDeactivated"),
      webhookDeliveries: paged("webhookId", "status"),
      webhooks: paged("companyId"),
    },
  },
  // A query that forgets the `id` is told so.
  Viewer: { keyFields: ["id"], fields: { invitations: whole, memberships: whole, sessions: whole } },
  Company: { fields: { invitations: paged(), memberships: paged() } },
  CompanyBranding: { keyFields: ["slug"] },
  Ticket: {
    fields: {
      allAttachments: paged("kind"),
      attachments: paged(),
      conversations: paged(),
      deletedAttachments: paged(),
      deletedPosts: paged(),
      deletedReplies: paged(),
      participants: whole,
      posts: paged(),
      replies: paged(),
      timeline: paged(),
    },
  },
  Reply: { fields: { attachments: paged() } },
  PhotoSeries: { fields: { photos: whole } },
  Conversation: {
    fields: {
      attachments: paged("kind"),
      deletedAttachments: paged(),
      guests: whole,
      messages: paged(),
      participants: whole,
    },
  },
  ChatMessage: { fields: { attachments: paged() } },
  MediaFile: { fields: { usages: whole, variants: whole, versions: whole } },
  // They have no id, and belong to what they stand on.
  AttachmentQuota: { merge: true },
  MediaMetadata: { merge: true },
  MediaVariant: { merge: true },
  // A new URL has a new end: what was known of the old one says nothing of it.
  SignedUrl: { merge: false },
  StorageReport: { merge: true },
};
