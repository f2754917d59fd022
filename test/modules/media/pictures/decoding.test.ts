import { setImmediate as roundOfTheEventLoop, setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, it } from "@jest/globals";
import { bucketRules } from "../../../../src/modules/media/buckets.js";
import { identify } from "../../../../src/modules/media/ingest/identify/identify.js";
import {
  decodeSecondsOn,
  withDecodeSlot,
  withRenderSlot,
} from "../../../../src/modules/media/pictures/decoding.js";
import { makeJpeg } from "../../../support/make-files.js";
import { newTempFile, receiveBytes } from "../../../support/received.js";
import { inspectIdentified } from "../../../support/take-in.js";

type InTurn = typeof withDecodeSlot;

const ends: (() => void)[] = [];

/** Lets a company's decoding begin and not end; tells whether it has begun. */
async function hold(inTurn: InTurn, companyId: string) {
  const held = { hasBegun: false };
  const ended = new Promise<void>((resolve) => ends.push(resolve));
  void inTurn(companyId, () => {
    held.hasBegun = true;
    return ended;
  });
  await roundOfTheEventLoop();
  return held;
}

describe("decoding", () => {
  afterEach(async () => {
    for (const end of ends.splice(0)) end();
    await roundOfTheEventLoop();
  });

  it("proves a company's picture at once, however many of another company are being proved", async () => {
    const others = [
      await hold(withDecodeSlot, "acme"),
      await hold(withDecodeSlot, "acme"),
      await hold(withDecodeSlot, "acme"),
    ];
    expect(others.filter(({ hasBegun }) => hasBegun)).toHaveLength(1);
    expect(await hold(withDecodeSlot, "globex")).toEqual({ hasBegun: true });
  });

  it("proves a company's picture at once, however many of another company are being rendered", async () => {
    for (let count = 0; count < 3; count++) await hold(withRenderSlot, "acme");
    await hold(withDecodeSlot, "acme");
    expect(await hold(withDecodeSlot, "globex")).toEqual({ hasBegun: true });
  });

  it("does not count the time in which a picture waits for its turn", async () => {
    await hold(withDecodeSlot, "acme");
    await using temp = newTempFile();
    const identified = await identify(
      await receiveBytes(temp, await makeJpeg(), "a.jpg"),
      bucketRules().ATTACHMENTS,
    );
    const inspecting = inspectIdentified(identified, {
      maxPixels: 50_000_000,
      companyId: "acme",
      decodingSeconds: 1,
    });
    await wait(1_500);
    for (const end of ends.splice(0)) end();
    expect((await inspecting).width).toBeGreaterThan(0);
  });

  it.each([
    [1, 40],
    [2, 20],
    [3, 14],
    [4, 10],
    [64, 10],
  ])(
    "gives a decoding more time where processors are shared: %i processors, %i seconds",
    (processors, seconds) => {
      expect(decodeSecondsOn(processors)).toBe(seconds);
    },
  );
});
