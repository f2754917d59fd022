import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import type { DocumentNode } from "graphql";
import {
  createBoundedStore,
  createDividedStore,
  STORE_LIMITS,
} from "../../../../src/platform/graphql/documents/document-stores.js";
import { DOCUMENT_LIMITS, readDocument } from "../../../../src/platform/graphql/documents/read-document.js";

describe.each(Object.entries(STORE_LIMITS))("the store of %s", (_name, limits) => {
  it.each([
    ["small", 1],
    ["large", limits.bytes / 20],
  ])("stays within its bounds, however many %s entries callers invent", (_size, bytes) => {
    const store = createBoundedStore<object>(limits);
    for (let n = 0; n < 20_000; n++) {
      store.set(`entry ${n}`, {}, bytes);
      // Somebody's own, used all the while.
      if (n % 10 === 0) store.get("entry 0");
    }
    expect(store.entries).toBeLessThanOrEqual(limits.entries);
    expect(store.bytes).toBeLessThanOrEqual(limits.bytes);
    expect(store.get("entry 0")).toBeDefined();
    expect(store.get("entry 1")).toBeUndefined();
  });

  it("does not keep what would take most of its room", () => {
    const store = createBoundedStore<object>(limits);
    store.set("ordinary", {}, 1);
    store.set("huge", {}, limits.bytes);
    expect(store.get("huge")).toBeUndefined();
    expect(store.get("ordinary")).toBeDefined();
  });
});

describe("a store that is divided", () => {
  const limits = { entries: 10, bytes: 1_000_000 };
  const open = () => createDividedStore<object>(limits, { entries: 3, bytes: 1_000_000 });
  const nobodys = { bytes: 1, isAnonymous: true };

  it("keeps what callers with a sign-in use, whatever others send", () => {
    const store = open();
    store.set("theirs", {}, { bytes: 1, isAnonymous: false });
    for (let n = 0; n < 100; n++) store.set(`nobody's ${n}`, {}, nobodys);
    expect(store.get("theirs", true)).toBeDefined();
    expect(store.isForSignedIn("theirs")).toBe(true);
    expect(store.get("nobody's 99", true)).toBeDefined();
    expect(store.get("nobody's 96", true)).toBeUndefined();
  });

  it("keeps for them what they use of the others", () => {
    const store = open();
    store.set("everybody's", {}, nobodys);
    expect(store.isForSignedIn("everybody's")).toBe(false);
    expect(store.get("everybody's", false)).toBeDefined();
    for (let n = 0; n < 100; n++) store.set(`nobody's ${n}`, {}, nobodys);
    expect(store.get("everybody's", true)).toBeDefined();
  });
});

describe("the weight of a document", () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const { tokens, comments, fields } = DOCUMENT_LIMITS;

  it.each<[string, (n: number) => string]>([
    [
      "fields",
      (n) => `{ n${n}: viewer { ${Array.from({ length: fields - 2 }, (_, m) => `field${m}`).join(" ")} } }`,
    ],
    ["tokens", (n) => `{ n${n}: ticket(id: [${"1 ".repeat(tokens - 20)}]) { id } }`],
    ["comments", (n) => `{ n${n}: __typename }${"\n# some words".repeat(comments)}`],
    ["a long text", (n) => `{ n${n}: ticket(id: "${"é".repeat(90_000)}") { id } }`],
  ])("is no less than what it takes, when it is mostly %s", (_what, text) => {
    const kept: DocumentNode[] = [];
    let weight = 0;
    const before = heap();
    for (let n = 0; n < 50; n++) {
      const read = readDocument(text(n), 12);
      kept.push(read.document);
      weight += read.weight;
    }
    expect(heap() - before).toBeLessThan(weight);
    expect(kept).toHaveLength(50);
  });
});
