import type { Command } from "commander";
import type { OperatorAccountService } from "../../modules/identity/sessions/operator-account.service.js";
import type { Config } from "../../platform/config/config.js";
import { ExitCode } from "./exit-code.js";
import type { Output } from "./output.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

const JSON_OPTION = ["--json", "one JSON object a line"] as const;

/** Longer than any password: longer input was piped in by mistake. */
const MAX_INPUT_LENGTH = 10_000;

export function addUserCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  const user = program
    .command("user")
    .description("accounts: list, create, lock, unlock, password")
    .addHelpText(
      "after",
      `
Changes are recorded in the audit log, without a name.

Examples:
  filedesk user create ada@example.com "Ada Admin" --admin
  filedesk user password ada@example.com
  filedesk user lock ada@example.com`,
    );
  const run = (options: OutputOptions, work: (tools: Tools) => Promise<void>) =>
    runOnDesk(options, environment, async ({ services }, { output, config }) => {
      await work({ accounts: services.operatorAccounts, output, config });
      return ExitCode.OK;
    });
  addListing(user, run);
  addAccess(user, run);
  addPassword(user, run);
}

interface Tools {
  readonly accounts: OperatorAccountService;
  readonly output: Output;
  readonly config: Config;
}

type Run = (options: OutputOptions, work: (tools: Tools) => Promise<void>) => Promise<void>;

function addListing(user: Command, run: Run): void {
  user
    .command("list")
    .description("list the accounts by name")
    .option("--search <text>", "a part of the name or the e-mail address")
    .option("--locked", "only locked accounts")
    .option(...JSON_OPTION)
    .action((options: OutputOptions & { search?: string; locked?: true }) =>
      run(options, async ({ accounts, output }) => {
        const { search, locked: isDeactivated } = options;
        for await (const account of accounts.list({ search, isDeactivated })) {
          const { email, name, isAdmin, deactivatedAt } = account;
          output.event("user", account);
          const marks = [isAdmin ? "administrator" : "", deactivatedAt ? "locked" : ""].filter(Boolean);
          output.line([email, name, ...marks].join("  "));
        }
      }),
    );
  user
    .command("create")
    .description("create an account without a password: give the person a link by `user password`")
    .argument("<email>", "the address to sign in with")
    .argument("<name>", "what the person is called")
    .option("--admin", "the person administers the whole installation")
    .option(...JSON_OPTION)
    .action((email: string, name: string, options: OutputOptions & { admin?: true }) =>
      run(options, async ({ accounts, output }) => {
        const created = await accounts.create({ email, name, isAdmin: options.admin ?? false });
        output.event("created", created);
        output.line(`${created.email} has an account.`);
      }),
    );
}

function addAccess(user: Command, run: Run): void {
  const add = (name: "lock" | "unlock", description: string, outcome: string) =>
    user
      .command(name)
      .description(description)
      .argument("<email>", "whose account")
      .option(...JSON_OPTION)
      .action((email: string, options: OutputOptions) =>
        run(options, async ({ accounts, output }) => {
          const person = await accounts[name](email);
          output.event(`${name}ed`, person);
          output.line(`${person.email} ${outcome}`);
        }),
      );
  add("lock", "lock somebody out, at once", "is locked out; all sessions have ended.");
  add("unlock", "let somebody in again", "may sign in again.");
}

function addPassword(user: Command, run: Run): void {
  user
    .command("password")
    .description("print a link by which somebody sets a new password, once; or set one from standard input")
    .argument("<email>", "whose password")
    .option("--stdin", "read the password from standard input, and end all sessions of the person")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      `
A password is never taken from the command line, where others on the machine can read it.

Examples:
  filedesk user password ada@example.com
  filedesk user password ada@example.com --stdin < password.txt`,
    )
    .action((email: string, options: OutputOptions & { stdin?: true }) =>
      run(options, (tools) => (options.stdin ? setFromInput(email, tools) : printLink(email, tools))),
    );
}

async function printLink(email: string, { accounts, output, config }: Tools): Promise<void> {
  const baseUrl = config.PUBLIC_URL?.replace(/\/+$/, "") ?? `http://localhost:${config.PORT}`;
  const { url, token, expiresAt, user } = await accounts.linkToPassword(email, baseUrl);
  output.event("link", { email: user.email, url, token, expiresAt });
  output.line(url);
  output.note(
    `Valid once, until ${expiresAt.toISOString()}. An earlier link of ${user.email} is no longer valid.`,
  );
}

async function setFromInput(email: string, { accounts, output }: Tools): Promise<void> {
  const { email: address } = await accounts.setPassword(email, await readPassword());
  output.event("password-set", { email: address });
  output.line(`${address} has a new password; all sessions have ended.`);
}

/** Standard input without its line break. */
async function readPassword(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_INPUT_LENGTH) throw new Error("The standard input is too long for a password.");
  }
  return text.replace(/\r?\n$/, "");
}
