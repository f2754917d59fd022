/**
 * What is paid for what. An object costs 1; a field says in its extensions what it costs besides (`cost`), and of a list
 * without pages how many items it usually has (`listSize`).
 */
export const PRICES = {
  /** A field at the top besides its objects: a query reads, a mutation writes; of a subscription, one event. */
  query: 20,
  mutation: 50,
  subscription: 20,
  /** A field without fields of its own: a hundredth of a kilobyte to some hundred bytes. */
  leaf: 0.02,
  /** By what a leaf's price is multiplied under another name: by those it is asked for of one object again and again. */
  aliasFactor: 10,
  /** `totalCount` of a list at the top, which counts all that a tenant has. */
  count: 100,
  /** `totalCount` of a list in an object, which is counted for all objects of a page at once. */
  nestedCount: 1,
  /** An argument called `search`, or one in a filter: texts are looked through for it. */
  search: 400,
  /** A field within `__schema` or `__type`, which stands for every type there is. */
  introspection: 10,
  /** Items of a list without pages. A ticket has room for 200 photos, which is ten for each post of a page. */
  listSize: 10,
} as const;

/** Extensions of a field whose text may have up to 50,000 characters. */
export const LONG_TEXT = { cost: 1 };
/** Of one that may have up to 10,000. */
export const MIDDLE_TEXT = { cost: 0.5 };
/** Of one that may have up to 1,000. */
export const SHORT_TEXT = { cost: 0.1 };
