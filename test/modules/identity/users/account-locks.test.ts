import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Viewer } from "../../../../src/modules/identity/viewer.js";
import type { Identity } from "../identity-fixture.js";
import { codeOf, idOf, PASSWORD, startIdentity } from "../identity-fixture.js";

const ROUNDS = 20;

let identity: Identity;

describe("account locks", () => {
  beforeAll(async () => {
    identity = await startIdentity();
  });

  afterAll(() => identity.stop());

  it(`lets sessions of one person end each other at once, and rename them, ${ROUNDS} times over`, async () => {
    const { ownSessions, users, sessions } = identity;
    for (let round = 0; round < ROUNDS; round++) {
      const { email, id } = await identity.buildUser();
      const [one, two, three] = await Promise.all(
        [1, 2, 3].map(() => sessions.signIn({ email, password: PASSWORD }, { address: "192.0.2.1" })),
      );
      const codes = await Promise.all([
        codeOf(ownSessions.endSession(one!.viewer, two!.viewer.sessionId!)),
        codeOf(ownSessions.endSession(two!.viewer, one!.viewer.sessionId!)),
        codeOf(ownSessions.endOtherSessions(three!.viewer)),
        codeOf(users.editUser(two!.viewer, { id, name: "New Name" })),
      ]);
      for (const code of codes) expect(["ok", "UNAUTHENTICATED", "NOT_FOUND"]).toContain(code);
      expect(codes).toContain("ok");
    }
  });

  it(`lets administrators change each other at once, and themselves, ${ROUNDS} times over`, async () => {
    const { users, userAccess, passwords } = identity;
    const link = (by: Viewer, to: Viewer) =>
      codeOf(passwords.createPasswordReset(by, idOf(to), "http://x.test"));
    for (let round = 0; round < ROUNDS; round++) {
      const admins = await Promise.all([1, 2].map(() => identity.buildViewer([], true)));
      const [a, b] = [admins[0]!, admins[1]!];
      const codes = await Promise.all([
        link(a, b),
        link(b, a),
        codeOf(users.editUser(a, { id: idOf(b), name: "New Name" })),
        codeOf(users.editUser(b, { id: idOf(b), name: "Own Name" })),
        codeOf(userAccess.reactivateUser(b, idOf(a))),
      ]);
      expect(codes).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    }
  });
});
