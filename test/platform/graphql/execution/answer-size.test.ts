import { describe, expect, it } from "@jest/globals";
import { fitsInBytes } from "../../../../src/platform/graphql/execution/answer-size.js";
import { createRandom } from "../../../support/random.js";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

describe("the size of an answer", () => {
  const fixed: readonly [what: string, value: unknown][] = [
    ["an empty object", {}],
    ["an empty list", []],
    ["an empty list in an object", { a: [] }],
    ["empty objects in lists", { a: {}, b: [{}] }],
    ["scalars", { a: null, b: true, c: false, d: -1.5e-7, e: 0 }],
    ["texts of one to six bytes a character", { text: '\u0001\n"\\é€😀'.repeat(100) }],
    ["what is left out", { left: undefined, out: [1, 2, 3] }],
    ["one long text many times", { long: Array.from({ length: 50 }, () => "\u0002".repeat(300)) }],
  ];

  it.each(fixed)("is that of its JSON to the byte: %s", (_what, value) => {
    expect(fitsInBytes(value, bytesOf(value))).toBe(true);
    expect(fitsInBytes(value, bytesOf(value) - 1)).toBe(false);
  });

  it("is that of its JSON to the byte for a thousand made-up answers", () => {
    const random = createRandom(8);
    const pick = (most: number) => Math.floor(random() * most);
    const make = (depth: number): unknown => {
      const kind = pick(depth > 0 ? 6 : 4);
      if (kind === 0) return random() < 0.5 ? null : random() < 0.5;
      if (kind === 1) return random() < 0.5 ? pick(1e6) : random() * 1e9;
      if (kind < 4) return String.fromCodePoint(1 + pick(0xd000)).repeat(pick(400));
      if (kind === 4) return Array.from({ length: pick(5) }, () => make(depth - 1));
      return Object.fromEntries(
        Array.from({ length: pick(5) }, (_, index) => [`field${index}`, make(depth - 1)]),
      );
    };
    for (let round = 0; round < 1_000; round++) {
      const answer = { data: make(4) };
      expect(fitsInBytes(answer, bytesOf(answer))).toBe(true);
      expect(fitsInBytes(answer, bytesOf(answer) - 1)).toBe(false);
    }
  });

  it("is known without JSON being made of it: one text under a million names costs its visits alone", () => {
    const text = "x".repeat(50_000);
    let visits = 0;
    const nodes = new Proxy(
      Array.from({ length: 1_000_000 }, () => text),
      {
        get(target, name, receiver) {
          visits++;
          return Reflect.get(target, name, receiver);
        },
      },
    );
    expect(fitsInBytes({ nodes }, 8 * 1024 * 1024)).toBe(false);
    expect(visits).toBeLessThan(1_000);
  });
});
