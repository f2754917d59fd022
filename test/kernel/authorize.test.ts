import { describe, expect, it } from "@jest/globals";
import { authorize, readable } from "../../src/kernel/authorize.js";

interface User {
  kind: "user";
  level: number;
}
type Person = User | { kind: "anonymous" | "guest"; level: number };

const policy = {
  subject: "box",
  viewers: ["user"] as "user"[],
  read: (viewer: Person, box: { level: number }) => viewer.level >= box.level,
  takeOutOf: (viewer: Person, box: { level: number }) => viewer.level > box.level,
  openWithCare: (viewer: Person, box: { level: number }) => viewer.level > box.level,
};
const user = (level: number): User => ({ kind: "user", level });
const guest = (level: number): Person => ({ kind: "guest", level });
const anonymous: Person = { kind: "anonymous", level: 0 };
const box = { level: 2 };

describe("the one gate", () => {
  it("lets through whom the rule allows", () => {
    expect(() => authorize(policy, "openWithCare", user(3), box)).not.toThrow();
  });

  it("returns the viewer as one of the kinds that the policy is for, and the subject as one that exists", () => {
    const asking: Person = user(3);
    const found: typeof box | null = box;
    const allowed: { viewer: User; subject: typeof box } = authorize(policy, "openWithCare", asking, found);
    expect(allowed).toEqual({ viewer: asking, subject: box });
  });

  it("refuses a viewer of another kind, even where the rule says yes", () => {
    expect(() => authorize(policy, "openWithCare", guest(3), box)).toThrow(
      expect.objectContaining({ code: "FORBIDDEN" }),
    );
  });

  it("tells who may read but not act that it is forbidden, and what", () => {
    expect(() => authorize(policy, "openWithCare", user(2), box)).toThrow(
      expect.objectContaining({
        code: "FORBIDDEN",
        message: expect.stringContaining("not yours to do: open with care"),
      }),
    );
  });

  it("says what is forbidden in whole sentences", () => {
    expect(() => authorize(policy, "takeOutOf", user(2), box)).toThrow(
      "You may see this box, but this is not yours to do: take out of this box.",
    );
  });

  it("gives one answer for what does not exist and for what may not be read", () => {
    const answers = [null, box].map((subject) => {
      try {
        authorize(policy, "openWithCare", user(1), subject);
        return null;
      } catch (error) {
        return { code: (error as { code: string }).code, message: (error as Error).message };
      }
    });
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.code).toBe("NOT_FOUND");
  });

  it("asks who is not signed in to do so, whether or not the thing exists", () => {
    for (const subject of [null, box])
      expect(() => authorize(policy, "read", anonymous, subject)).toThrow(
        expect.objectContaining({ code: "UNAUTHENTICATED" }),
      );
  });

  it("answers a query for one thing with null, but sends the anonymous to sign in", () => {
    expect(readable(policy, user(2), box)).toBe(box);
    expect(readable(policy, user(1), box)).toBeNull();
    expect(readable(policy, user(1), null)).toBeNull();
    expect(() => readable(policy, anonymous, box)).toThrow(
      expect.objectContaining({ code: "UNAUTHENTICATED" }),
    );
  });
});
