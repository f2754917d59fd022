/**
 * Prices of fields. An object costs 1. The extensions of a field define its additional cost (`cost`) and, for a list
 * without pages, its usual number of items (`listSize`).
 */
export const PRICES = {
  /** A root field in addition to its objects: a query reads, a mutation writes; for a subscription, per event. */
  query: 20,
  mutation: 50,
  subscription: 20,
  /** A leaf field: ten to some hundred bytes. */
  leaf: 0.02,
  /** Factor for the price of an aliased leaf, because aliases can repeat a field of one object. */
  aliasFactor: 10,
  /** `totalCount` of a root list, which counts all items of a tenant. */
  count: 100,
  /** `totalCount` of a nested list, which is counted for all objects of a page at once. */
  nestedCount: 1,
  /** An argument `search`, also in a filter: a full-text search. */
  search: 400,
  /** A field within `__schema` or `__type`, which may apply to every type. */
  introspection: 10,
  /** Items of a list without pages. A ticket can have 200 photos, which is ten for each post of a page. */
  listSize: 10,
} as const;

/** Extensions of a text field with up to 50,000 characters. */
export const LONG_TEXT = { cost: 1 };
/** The same with up to 10,000 characters. */
export const MIDDLE_TEXT = { cost: 0.5 };
/** The same with up to 1,000 characters. */
export const SHORT_TEXT = { cost: 0.1 };
