import { describe, expect, it } from "@jest/globals";
import { DrizzleQueryError } from "drizzle-orm";
import { createLogger } from "../../src/platform/logger.js";

const logged = (err: unknown): string => {
  const lines: string[] = [];
  const destination = { write: (text: string) => void lines.push(text) };
  createLogger("info", { destination }).error({ err }, "failed");
  return lines.join("");
};

describe("a log line about an error", () => {
  const refused = new Error("duplicate key");
  const statement = new DrizzleQueryError("insert into sessions values ($1)", ["the token's hash"], refused);

  it("has no parameters of statements, however deep the error is", () => {
    const wrapped = new Error("not signed in", { cause: new Error("again", { cause: statement }) });
    for (const error of [statement, wrapped]) {
      const line = logged(error);
      expect(line).toContain("duplicate key");
      expect(line).toContain("insert into sessions");
      expect(line).not.toContain("the token's hash");
    }
    expect(JSON.parse(logged(wrapped)).err).toMatchObject({ message: "not signed in", type: "Error" });
  });

  it("has the message, the stack and the cause of any other", () => {
    const line = logged(new TypeError("odd", { cause: new Error("the reason") }));
    expect(JSON.parse(line).err).toMatchObject({ type: "TypeError", message: "odd: the reason" });
    expect(line).toContain("logger.test.ts");
  });
});
