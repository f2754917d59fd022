import { describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { FILE_TYPES } from "../../../../src/modules/media/file-types.js";
import { DESK_FILES } from "../../../support/desk-files.js";
import { takeIn } from "../../../support/take-in.js";

const { ATTACHMENTS } = bucketRules();

describe("what desks really get", () => {
  it.each(DESK_FILES)("is taken: $what ($fileName)", async ({ fileName, type, make, facts = {} }) => {
    const taken = await takeIn(await make(), fileName, ATTACHMENTS);
    expect(taken).toMatchObject({ type: FILE_TYPES[type], fileName, ...facts });
  });
});
