import { expect, it } from "@jest/globals";
import {
  createBoundedStore,
  STORE_LIMITS,
} from "../../../../src/platform/graphql/documents/document-stores.js";

it.each(Object.entries(STORE_LIMITS))(
  "ten million different entries leave the store of %s within its bounds",
  (_name, limits) => {
    const store = createBoundedStore<object>(limits);
    const value = {};
    for (let n = 0; n < 10_000_000; n++) {
      // From tiny ones to some that are as large as a store takes.
      store.set(`entry ${n}`, value, n % 1_000 === 0 ? limits.bytes / 10 : n % 5_000);
      if (n % 100_000 > 0) continue;
      expect(store.entries).toBeLessThanOrEqual(limits.entries);
      expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
    }
  },
  600_000,
);
