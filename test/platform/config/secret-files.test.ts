import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ConfigurationError } from "../../../src/platform/config/config.js";
import { readConfig } from "../../../src/platform/config/config.js";

const SECRET = "fedcba9876543210fedcba9876543210";
let folder: string;

const fileOf = async (name: string, content: string) => {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
};

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    return (error as ConfigurationError).problems;
  }
}

describe("a secret in a file", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "filedesk-secrets-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is read in the place of the variable, without the line's end, also in production", async () => {
    const config = readConfig({
      NODE_ENV: "production",
      AUTH_SECRET_FILE: await fileOf("auth", `${SECRET}\n`),
      URL_SIGNING_KEYS_FILE: await fileOf("keys", `k1:${SECRET}\r\n`),
      DATABASE_URL_FILE: await fileOf("database", "postgres://desk:p%40ss@db:5432/desk"),
      ADMIN_EMAIL: "ada@example.com",
      ADMIN_PASSWORD_FILE: await fileOf("admin", "correct horse battery staple\n"),
      REDIS_URL_FILE: "",
    });
    expect(config).toMatchObject({
      AUTH_SECRET: SECRET,
      URL_SIGNING_KEYS: [{ id: "k1", secret: SECRET }],
      DATABASE_URL: "postgres://desk:p%40ss@db:5432/desk",
      ADMIN_PASSWORD: "correct horse battery staple",
      REDIS_URL: undefined,
    });
  });

  it("is refused if it is missing, empty, too short, or set twice, and is not shown", async () => {
    const short = await fileOf("short", "hunter2-hunter2");
    const problems = problemsOf({
      AUTH_SECRET_FILE: join(folder, "nowhere"),
      REDIS_URL_FILE: folder,
      ADMIN_EMAIL: "ada@example.com",
      ADMIN_PASSWORD_FILE: await fileOf("empty", "\n"),
      DATABASE_URL_FILE: short,
      DATABASE_URL: "postgres://desk@db/desk",
      URL_SIGNING_KEYS_FILE: short,
    });
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^AUTH_SECRET_FILE: the file .*nowhere cannot be read \(ENOENT\)$/),
        expect.stringMatching(/^REDIS_URL_FILE: the file .* cannot be read \(EISDIR\)$/),
        expect.stringMatching(/^ADMIN_PASSWORD_FILE: the file .*empty is empty$/),
        "DATABASE_URL_FILE: DATABASE_URL is set as well; set one of them",
        expect.stringMatching(/^URL_SIGNING_KEYS: /),
      ]),
    );
    expect(problems.join()).not.toContain("hunter2");
  });
});
