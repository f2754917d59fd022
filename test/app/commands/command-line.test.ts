import { describe, expect, it } from "@jest/globals";
import { runCommand } from "../../support/command-process.js";

const COMMANDS = [
  "serve",
  "worker",
  "migrate",
  "migrate-storage",
  "backup",
  "restore",
  "seed",
  "import",
  "report",
  "verify",
  "render",
  "rescan",
  "purge",
  "sweep",
  "doctor",
  "token",
  "user",
  "api-key",
  "audit",
];

const run = (args: readonly string[]) => runCommand(args, { NODE_ENV: "test" });

describe("the command line", () => {
  it("tells of every command, of the exit codes, and of each command alone", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    expect(stdout).toContain("Exit codes:");
    for (const name of [
      "backup",
      "import",
      "migrate-storage",
      "purge",
      "restore",
      "rescan",
      "token",
      "user",
      "api-key",
    ]) {
      const help = await run([name, "--help"]);
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(/Examples?:\n {2}\S/);
    }
  });

  it.each([
    [["frobnicate"], /unknown command 'frobnicate'/],
    [["improt", "x.csv"], /Did you mean import/],
    [["import"], /missing required argument/],
    [["import", "x.csv", "--concurrency", "0"], /from 1 to 64/],
    [["token", "a@b.c", "--minutes", "100000"], /from 1 to 1440/],
    [["api-key", "create", "Course platform", "--company", "acme"], /required option '--scope/],
    [
      ["api-key", "create", "Course platform", "--company", "acme", "--scope", "all"],
      /read, upload or manage/,
    ],
    [["api-key", "create", " ", "--company", "acme", "--scope", "read"], /1 to 100 characters/],
    [["api-key", "list"], /required option '--company/],
    [["audit", "export", "--to", "2026-13-01"], /must be a moment/],
    [["report", "--colour"], /unknown option/],
    [["purge", "--company", "acme"], /add --orphans/],
    [["migrate-storage", "--from", "s3", "--to", "s3"], /are the same storage/],
    [["purge", "--older-than-days", "5"], /add --orphans/],
    [["rescan", "--scanned-before", "yesterday"], /must be a moment/],
    [["rescan", "--not-scanned", "--quarantined"], /exclude each other/],
    [
      ["import", "x.csv", "--report", "/nowhere/x/failed.csv"],
      /cannot be written: its folder does not exist/,
    ],
  ])("ends %j with 64 and says what is wrong", async (args, message) => {
    const { code, stderr, stdout } = await run(args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
  });
});
