import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { ConfigurationError, readConfig } from "../../../src/platform/config/config.js";

const SECRET = "0123456789abcdef0123456789abcdef";

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems;
  }
}

describe("the configuration", () => {
  it("needs nothing on a developer's machine", () => {
    const config = readConfig({});
    expect(config).toMatchObject({ HOST: "127.0.0.1", PORT: 4000, FILEDESK_DATA: ".filedesk" });
    expect(config).toMatchObject({ demoData: true, introspection: true, isProduction: false });
  });

  it.each([
    "tcp://h:99999",
    "tcp://h:0",
    "tcp://[::1::2]:3310",
    "tcp://h",
    "http://h:3310",
    "unix:clamd.ctl",
  ])("does not take %s for the address of clamd", (url) => {
    expect(problemsOf({ SCANNER: "clamd", CLAMD_URL: url })).toEqual([
      expect.stringMatching(/^CLAMD_URL: .*is not like tcp:\/\/127/),
    ]);
  });

  it.each(["tcp://h:65535", "tcp://[::1]:3310", "unix:/run/clamd.ctl", "unix:///run/clamd.ctl"])(
    "takes %s for the address of clamd",
    (url) => expect(problemsOf({ SCANNER: "clamd", CLAMD_URL: url })).toEqual([]),
  );

  it("takes an empty variable for one that is not set", () => {
    expect(readConfig({ PORT: "", PUBLIC_URL: "" }).PORT).toBe(4000);
  });

  it("tells everything that is wrong at once, each with the variable's name and an example", () => {
    const problems = problemsOf({
      PORT: "70000",
      DATABASE_URL: "not a url",
      REDIS_URL: "redis://localhost/not-a-number",
      AUTH_SECRET: "short",
      URL_SIGNING_KEYS: "nokey",
      TICKET_FILES: "0",
      LOG_LEVEL: "loud",
      ADMIN_EMAIL: "nobody",
    });
    const names = [
      "PORT",
      "DATABASE_URL",
      "REDIS_URL",
      "AUTH_SECRET",
      "URL_SIGNING_KEYS",
      "TICKET_FILES",
      "LOG_LEVEL",
      "ADMIN_EMAIL",
    ];
    expect(problems.map((problem) => problem.split(":")[0]).sort()).toEqual([...names].sort());
    for (const [index, problem] of problems.entries())
      expect(problem).toContain(`for example ${problems[index]?.split(":")[0]}=`);
  });

  it("asks for what goes with a setting", () => {
    expect(
      problemsOf({ AUTH_JWKS_URL: "https://id.example.com/keys" }).map((problem) => problem.split(":")[0]),
    ).toEqual(["AUTH_ISSUER", "AUTH_AUDIENCE"]);
    expect(problemsOf({ ADMIN_EMAIL: "a@b.example" })[0]).toMatch(/^ADMIN_PASSWORD: is missing/);
    for (const name of ["STORAGE", "STORAGE_FROM"])
      expect(problemsOf({ [name]: "s3" })[0]).toMatch(/^S3_BUCKET: is missing/);
  });

  it("refuses settings that have no effect together", () => {
    expect(problemsOf({ DOWNLOAD_MODE: "redirect" })[0]).toMatch(/^DOWNLOAD_MODE: .* set STORAGE=s3 as well/);
    const accel = { STORAGE: "s3", S3_BUCKET: "files", ACCEL_REDIRECT: "/internal/" };
    expect(problemsOf(accel)[0]).toMatch(/^ACCEL_REDIRECT: .* no effect with STORAGE=s3/);
    expect(problemsOf({ STORAGE_FROM: "local" })[0]).toMatch(/^STORAGE_FROM: .*STORAGE is local as well/);
    const moving = { ...accel, STORAGE_FROM: "local", DOWNLOAD_MODE: "redirect" };
    expect(readConfig(moving)).toMatchObject({ STORAGE_FROM: "local" });
    expect(problemsOf({ ACCEL_REDIRECT: "internal" })[0]).toMatch(/"internal" is not a path like/);
  });

  it("refuses names that no bucket has, and prefixes that no key has", () => {
    for (const S3_BUCKET of ["Files", "a", "files_of_desk", "-files"])
      expect(problemsOf({ S3_BUCKET })[0]).toMatch(/^S3_BUCKET: ".*" is not the name of a bucket/);
    for (const S3_PREFIX of ["/desk", "desk/", "a//b", ".hidden", "../a"])
      expect(problemsOf({ S3_PREFIX })[0]).toMatch(/^S3_PREFIX: ".*" is not a prefix of keys/);
    expect(readConfig({ STORAGE: "s3", S3_BUCKET: "files.of-desk", S3_PREFIX: "a/b" })).toMatchObject({
      S3_PREFIX: "a/b",
    });
  });

  it("refuses in production what is unsafe there, unless it is asked for by name", () => {
    expect(problemsOf({ NODE_ENV: "production" }).map((problem) => problem.split(":")[0])).toEqual([
      "DATABASE_URL",
      "AUTH_SECRET",
      "URL_SIGNING_KEYS",
    ]);
    const asked = readConfig({ NODE_ENV: "production", EMBEDDED_DATABASE: "true", EMBEDDED_SECRETS: "true" });
    expect(asked).toMatchObject({ demoData: false, introspection: false, isProduction: true });
    expect(readConfig({ ...production, DEMO_DATA: "true", INTROSPECTION: "true" })).toMatchObject({
      demoData: true,
      introspection: true,
    });
  });

  it("never says a URL that is wrong: it may hold a password", () => {
    const wrong = [
      "postgres//desk:hunter2@db/desk",
      "postgres://desk:hunter2@db:port/desk",
      "postgres://desk:hunter2#x@db/desk",
      "postgres://desk:hunter2%@db/desk",
      "postgres://desk:hunter2@db/desk#x",
      "postgres://desk:hunter2@db:port,other/desk",
    ];
    for (const url of wrong)
      for (const name of ["DATABASE_URL", "REDIS_URL", "AUTH_JWKS_URL", "PUBLIC_URL"]) {
        const problems = problemsOf({ [name]: url });
        expect(problems.some((problem) => problem.startsWith(`${name}: is `))).toBe(true);
        expect(problems.join()).not.toContain("hunter2");
      }
  });

  it("refuses in production what .env.example has for secrets", async () => {
    const file = await readFile(new URL("../../../.env.example", import.meta.url), "utf8");
    const examples = [...file.matchAll(/^# ([A-Z_]+)=(.*)$/gm)].filter(
      ([, name, value]) => /SECRET$|SIGNING_KEYS$|PASSWORD$/.test(name!) || /:\/\/[^/]*:[^/]*@/.test(value!),
    );
    expect(examples.map(([, name]) => name)).toEqual(
      expect.arrayContaining([
        "DATABASE_URL",
        "REDIS_URL",
        "AUTH_SECRET",
        "URL_SIGNING_KEYS",
        "ADMIN_PASSWORD",
      ]),
    );
    for (const [, name, value] of examples) {
      const problems = problemsOf({
        ...production,
        ADMIN_EMAIL: "a@b.example",
        ADMIN_PASSWORD: SECRET,
        [name!]: value!,
      });
      expect(problems.map((problem) => problem.split(":")[0])).toEqual([name]);
    }
    expect(problemsOf({ ...production, REDIS_URL: "redis://localhost:6379" })).toEqual([]);
  });

  it("reads signing keys, newest first", () => {
    expect(
      readConfig({ ...production, URL_SIGNING_KEYS: `k2:${SECRET}, k1:${SECRET}` }).URL_SIGNING_KEYS,
    ).toEqual([
      { id: "k2", secret: SECRET },
      { id: "k1", secret: SECRET },
    ]);
  });
});

const production = {
  NODE_ENV: "production",
  DATABASE_URL: "postgres://u:p@localhost:5432/d",
  AUTH_SECRET: SECRET,
  URL_SIGNING_KEYS: `k1:${SECRET}`,
};
