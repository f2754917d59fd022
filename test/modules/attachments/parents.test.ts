import { expect, it } from "@jest/globals";
import type { AttachmentParents, ParentRef } from "../../../src/modules/attachments/parents.js";
import { parentsByKind } from "../../../src/modules/attachments/parents.js";
import { anonymous } from "../../../src/modules/identity/viewer.js";

const tx = {} as never;

/** A module that reads all its parents, and writes down what it is asked. */
function answering(asked: unknown[][]): AttachmentParents {
  return {
    async statesFor(_db, _viewer, parents) {
      asked.push(["statesFor", ...parents.map(({ id }) => id)]);
      return new Map(parents.map(({ id }) => [id, "readable"]));
    },
    lock: async (_tx, { id }) => void asked.push(["lock", id]),
    countFiles: async (_tx, { id }) => void asked.push(["countFiles", id]),
    onAttachmentChanged: async (_tx, { id }, { what }) => void asked.push(["changed", id, what]),
  };
}

const ref = (kind: ParentRef["kind"], id: string): ParentRef => ({ kind, id });

it("asks each module once, for the parents of its kinds alone", async () => {
  const [ofTickets, ofMessages]: [unknown[][], unknown[][]] = [[], []];
  const tickets = answering(ofTickets);
  const parents = parentsByKind({ ticket: tickets, reply: tickets, message: answering(ofMessages) });
  const asked = [ref("ticket", "t"), ref("message", "m"), ref("reply", "r")];
  expect(await parents.statesFor(tx, anonymous, asked)).toEqual(
    new Map(asked.map(({ id }) => [id, "readable"])),
  );
  await parents.lock(tx, ref("reply", "r"));
  await parents.countFiles(tx, ref("message", "m"), { files: 1, bytes: 1 });
  await parents.onAttachmentChanged(tx, ref("message", "m"), {
    companyId: "c",
    attachmentId: "a",
    what: "added",
  });
  expect(ofTickets).toEqual([
    ["statesFor", "t", "r"],
    ["lock", "r"],
  ]);
  expect(ofMessages).toEqual([
    ["statesFor", "m"],
    ["countFiles", "m"],
    ["changed", "m", "added"],
  ]);
});

it("lets nobody read, lock or change what no module answers for", async () => {
  const parents = parentsByKind({});
  expect(await parents.statesFor(tx, anonymous, [ref("message", "m")])).toEqual(new Map());
  expect(() => parents.lock(tx, ref("message", "m"))).toThrow("a message");
});
