import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";
import type { ApiKeyView } from "../../modules/identity/api-keys/api-key.repository.js";
import type { ApiKeyService } from "../../modules/identity/api-keys/api-key.service.js";
import { ApiKeyScope } from "../../modules/identity/viewer.js";
import type { Database } from "../../platform/database/client.js";
import { ExitCode } from "./exit-code.js";
import { moment } from "./option-values.js";
import type { Output } from "./output.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

const JSON_OPTION = ["--json", "one JSON object a line"] as const;
const COMPANY_OPTION = ["--company <slug>", "the company, by its slug or id"] as const;
const MAX_NAME_LENGTH = 100;

interface Tools {
  readonly keys: ApiKeyService["forOperator"];
  readonly db: Database;
  readonly output: Output;
}

interface CompanyOptions extends OutputOptions {
  readonly company: string;
}

/** Loaded when it is needed, so that `--help` answers at once. */
const companyIdOf = async (db: Database, name: string) =>
  (await import("./company-option.js")).companyIdOf(db, name);

type Run = (options: OutputOptions, work: (tools: Tools) => Promise<void>) => Promise<void>;

export function addApiKeyCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  const apiKey = program
    .command("api-key")
    .description("API keys of a company for its backends: create, list, revoke")
    .addHelpText(
      "after",
      `
A key that is created here does not depend on anybody's account. Changes are recorded in the audit log, without a name.

Examples:
  filedesk api-key create "Course platform" --company acme --scope read upload
  filedesk api-key list --company acme
  filedesk api-key revoke 019ab2c4-… --company acme`,
    );
  const run: Run = (options, work) =>
    runOnDesk(options, environment, async ({ services, database }, { output }) => {
      await work({ keys: services.apiKeys.forOperator, db: database.db, output });
      return ExitCode.OK;
    });
  addCreation(apiKey, run);
  addListing(apiKey, run);
  addRevocation(apiKey, run);
}

interface CreationOptions extends CompanyOptions {
  readonly scope: readonly ApiKeyScope[];
  readonly expires?: Date;
}

function addCreation(apiKey: Command, run: Run): void {
  apiKey
    .command("create")
    .description("create a key, and print it: it is shown only this once")
    .argument("<name>", "what it is for", keyName)
    .requiredOption(...COMPANY_OPTION)
    .addOption(scopeOption())
    .option("--expires <moment>", "when it expires; without it, it is valid until it is revoked", moment)
    .option(...JSON_OPTION)
    .action((name: string, { company, scope: scopes, expires, ...options }: CreationOptions) =>
      run(options, async ({ keys, db, output }) => {
        const companyId = await companyIdOf(db, company);
        const { key, apiKey: made } = await keys.create({
          companyId,
          name,
          scopes,
          expiresAt: expires ?? null,
        });
        output.event("created", { ...made, key });
        output.line(key);
        output.note(`${made.id}: ${described(made)}. Keep the key: it cannot be shown again.`);
      }),
    );
}

function addListing(apiKey: Command, run: Run): void {
  apiKey
    .command("list")
    .description("list the keys of a company, those that have ended among them")
    .requiredOption(...COMPANY_OPTION)
    .option(...JSON_OPTION)
    .action(({ company, ...options }: CompanyOptions) =>
      run(options, async ({ keys, db, output }) => {
        for await (const key of keys.list(await companyIdOf(db, company))) {
          output.event("api-key", key);
          output.line([key.id, `${key.prefix}…`, key.name, described(key)].join("  "));
        }
      }),
    );
}

function addRevocation(apiKey: Command, run: Run): void {
  apiKey
    .command("revoke")
    .description("end a key at once, with its subscriptions and signed URLs")
    .argument("<id>", "the key's id, as it is listed")
    .requiredOption(...COMPANY_OPTION)
    .option(...JSON_OPTION)
    .action((id: string, { company, ...options }: CompanyOptions) =>
      run(options, async ({ keys, db, output }) => {
        const revoked = await keys.revoke(await companyIdOf(db, company), id);
        output.event("revoked", revoked);
        output.line(`${revoked.name} (${revoked.prefix}…) is revoked.`);
      }),
    );
}

const scopeOption = () =>
  new Option("--scope <scope...>", "what it may do: read, upload, manage; several are possible")
    .makeOptionMandatory()
    .argParser((text: string, before: readonly ApiKeyScope[] = []) => {
      const scope = Object.values(ApiKeyScope).find((one) => one === text.toUpperCase());
      if (scope === undefined) throw new InvalidArgumentError("It must be read, upload or manage.");
      return [...before, scope];
    });

function keyName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > MAX_NAME_LENGTH || /\p{Cc}/u.test(name))
    throw new InvalidArgumentError(`It must be one line of 1 to ${MAX_NAME_LENGTH} characters.`);
  return name;
}

function described({ scopes, expiresAt, lastUsedAt, revokedAt }: ApiKeyView): string {
  const parts = [scopes.join(", ").toLowerCase()];
  if (revokedAt) parts.push(`revoked ${revokedAt.toISOString()}`);
  else if (expiresAt)
    parts.push(`${expiresAt <= new Date() ? "expired" : "expires"} ${expiresAt.toISOString()}`);
  parts.push(lastUsedAt ? `last used ${lastUsedAt.toISOString()}` : "not used yet");
  return parts.join("; ");
}
