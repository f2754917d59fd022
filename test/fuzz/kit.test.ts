import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { makeDocx, makePlainPng } from "../support/make-files.js";
import { DOOR_NAMES, openDoor } from "./doors.js";
import { mutateFile } from "./inputs/mutate-file.js";
import type { World } from "./kit/fuzz-world.js";
import { judgeAnswer } from "./kit/known-answers.js";
import type { RawAnswer } from "./kit/raw-http.js";
import { shrink } from "./kit/shrink.js";
import { createSource } from "./kit/source.js";

const ID_NAMES = [
  ...["companyId", "ticketId", "replyId", "conversationId", "messageId", "mediaFileId", "attachmentId"],
  ...["seriesId", "userId", "stagedUploadId"],
];
const agent = { name: "agent", token: "a-token" };
const world = {
  ids: Object.fromEntries(ID_NAMES.map((name) => [name, `id of ${name}`])),
  callers: [{ name: "nobody" }, agent],
  agent,
} as unknown as World;

const digestOf = ({ how, bytes }: { how: unknown; bytes: Buffer }): string =>
  createHash("sha256").update(JSON.stringify(how)).update(bytes).digest("hex");

const answerOf = (status: number, body: unknown, type = "application/json"): RawAnswer => ({
  status,
  headers: new Map([["content-type", type]]),
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
});
const refusal = (code: string, message = "Not so.", status = 400) => ({
  errors: [{ message, extensions: { code, status } }],
});

describe("the fuzzer", () => {
  it.each(DOOR_NAMES)(
    "makes the same case again of the same seed, and others of others: %s",
    async (name) => {
      const door = await openDoor(name);
      const make = (seed: number, n: number) =>
        digestOf(door.describe(door.make(createSource(seed, name, n), world)));
      const cases = Array.from({ length: 40 }, (_, n) => make(1, n));
      expect(Array.from({ length: 40 }, (_, n) => make(1, n))).toEqual(cases);
      const texts = new Set([...cases, make(2, 0), make(2, 1)].map((made) => JSON.stringify(made)));
      expect(texts.size).toBeGreaterThan(35);
    },
  );

  it("makes the same file again of the same seed, and others of others", () => {
    const seeds = [
      { fileName: "a.png", bytes: makePlainPng() },
      { fileName: "a.docx", bytes: makeDocx() },
    ];
    const make = (n: number) => {
      const { fileName, bytes } = mutateFile(seeds, createSource(1, "files", n));
      return digestOf({ how: fileName, bytes });
    };
    const files = Array.from({ length: 40 }, (_, n) => make(n));
    expect(Array.from({ length: 40 }, (_, n) => make(n))).toEqual(files);
    expect(new Set(files).size).toBeGreaterThan(35);
  });

  it("finds what of an input matters", async () => {
    const bytes = Buffer.from(`${"x".repeat(500)}{${"y".repeat(300)}}${"z".repeat(500)}`);
    const happens = async (shorter: Buffer | readonly unknown[]) => /\{.*\}/s.test(String(shorter));
    expect(String(await shrink(bytes, happens, 500))).toBe("{}");
    const steps = ["create", "ask", "send", "ask", "remove"];
    const isBoth = async (shorter: Buffer | readonly unknown[]) =>
      (shorter as string[]).includes("send") && (shorter as string[]).includes("remove");
    expect(await shrink(steps, isBoth, 100)).toEqual(["send", "remove"]);
  });

  it.each<[string, RawAnswer | "closed" | "silent", string | null]>([
    ["no answer", "silent", "no answer: silent"],
    ["a cut connection", "closed", "no answer: closed"],
    ["a fault", answerOf(500, refusal("INTERNAL_SERVER_ERROR")), "status: 500"],
    [
      "a masked fault",
      answerOf(200, refusal("INTERNAL_SERVER_ERROR", "x", 500)),
      "fault INTERNAL_SERVER_ERROR",
    ],
    ["a statement that took too long", answerOf(200, refusal("TIMED_OUT", "x", 503)), "fault TIMED_OUT"],
    ["a code that is not documented", answerOf(400, refusal("ER_DUP")), "unknown code ER_DUP"],
    ["a stack trace", answerOf(400, refusal("CONFLICT", "x\n    at f (a.js:1:1)")), "stack trace"],
    ["HTML", answerOf(400, "<h1>Bad</h1>", "text/html"), "not JSON"],
    ["half an answer", answerOf(200, '{"data":'), "broken JSON"],
    ["a plain refusal", answerOf(400, refusal("BAD_USER_INPUT")), null],
    ["data", answerOf(200, { data: {} }), null],
  ])("judges answers: %s", (_what, answer, problem) => {
    const { problem: found } = judgeAnswer(answer, { isGraphQL: true });
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
  });
});
