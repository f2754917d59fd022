import { describe, expect, it } from "@jest/globals";
import { findLeaks } from "./support/find-leaks.js";

const TOKEN = "kV8dQ2-xZ_9f3mB7wR4tY6uI1oP5aS0d";

const isLeak = (line: string, secrets: readonly string[] = [TOKEN]) => {
  const [leak] = findLeaks([line], secrets);
  return leak !== undefined && !leak.line.includes(secrets[0] ?? "-");
};

describe("the check of the log lines of a test run", () => {
  it.each([
    ["a noted token", `{"msg":"joined","token":"${TOKEN}"}`],
    ["one in the text of an error", `{"err":{"message":"no session for ${TOKEN}: gone"}}`],
    ["one that is encoded", `{"path":"/x?t=${TOKEN.replace("-", "%2D")}"}`],
    ["a JSON web token", `{"h":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0aaa.c2lnbmF0dXJlLXg"}`],
    ["a bearer token", `{"authorization":"Bearer abcdefgh12345"}`],
    ["the query of a signed URL", `{"url":"/files/1/a.jpg?expires=1&signature=0a1B2c3D4e5F6g7H"}`],
    ["one of the store", `GET /x?X-Amz-Signature=0123456789abcdef0123456789abcdef`],
    ["a password in a URL", `cannot reach postgres://desk:hunter2@db:5432/desk`],
    ["the hash of a password", `{"params":["$argon2id$v=19$m=64,t=1,p=1$abcdefgh"]}`],
  ])("finds %s", (_what, line) => {
    expect(isLeak(line)).toBe(true);
  });

  it("finds a password with other characters, and never prints what it has found", () => {
    const password = "p@ss wörd";
    expect(isLeak(`{"msg":"as ${password}"}`, [password])).toBe(true);
  });

  it.each([
    `{"method":"GET","path":"/files/0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa/tap.jpg","status":200}`,
    `{"url":"postgres://desk:***@db/desk"}`,
    `{"url":"http://127.0.0.1:4000","msg":"the server is ready"}`,
  ])("lets %s pass", (line) => {
    expect(findLeaks([line], [TOKEN])).toEqual([]);
  });
});
