import { expect, it } from "@jest/globals";
import { createPreparedTexts } from "../../../src/platform/database/prepared-texts.js";

it("ten million shapes of lists leave the remembered statements within their bounds", () => {
  const texts = createPreparedTexts();
  let most = 0;
  for (let number = 0; number < 10_000_000; number++) {
    texts.isPrepared(`select ${number} as shape`);
    if (number % 10_000 === 0) most = Math.max(most, texts.size);
  }
  expect(most).toBeLessThanOrEqual(2_500);
}, 120_000);
