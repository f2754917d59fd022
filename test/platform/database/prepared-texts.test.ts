import { describe, expect, it } from "@jest/globals";
import type { Database } from "../../../src/platform/database/client.js";
import { preparedByShape } from "../../../src/platform/database/prepared-once.js";
import { createPreparedTexts } from "../../../src/platform/database/prepared-texts.js";

/** As long as the text of a list. */
const shape = (number: number) => `select ${number} as shape /* ${"x".repeat(1_000)} */`;

describe("which statements are prepared", () => {
  it("are those that come again, and they stay while callers invent others", () => {
    const texts = createPreparedTexts();
    expect(texts.isPrepared("hot")).toBe(false);
    let wrong = 0;
    for (let number = 0; number < 50_000; number++) {
      if (texts.isPrepared(shape(number))) wrong++;
      if (number % 100 === 0 && !texts.isPrepared("hot")) wrong++;
    }
    expect(wrong).toBe(0);
    expect(texts.size).toBeLessThanOrEqual(2_500);
  });

  it("are bounded when each of them comes twice", () => {
    const texts = createPreparedTexts();
    let prepared = 0;
    for (let number = 0; number < 20_000; number++) {
      texts.isPrepared(shape(number));
      if (texts.isPrepared(shape(number))) prepared++;
    }
    expect(prepared).toBe(20_000);
    expect(texts.size).toBeLessThanOrEqual(2_500);
  });

  it("puts a list's statement together anew only when its shape has not come for long", () => {
    let made = 0;
    const statementOf = preparedByShape<{ readonly number: number }, object>(() => {
      made++;
      return {};
    });
    const db = {} as Database;
    for (let number = 0; number < 10_000; number++) {
      statementOf(db, { number });
      statementOf(db, { number: 0 });
    }
    expect(made).toBe(10_000);
  });
});
