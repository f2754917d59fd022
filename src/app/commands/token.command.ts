import type { Command } from "commander";
import { MINUTE_MS } from "../../kernel/clock.js";
import { ExitCode } from "./exit-code.js";
import { wholeNumber } from "./option-values.js";
import type { OutputOptions } from "./run-command.js";
import { runOnDesk } from "./run-command.js";

const MAX_MINUTES = 24 * 60;

export function addTokenCommand(program: Command, environment: NodeJS.ProcessEnv): void {
  program
    .command("token")
    .description("print an access token of a person, for scripts")
    .argument("<email>", "whose token it is")
    .option("--minutes <number>", `lifetime, ${MAX_MINUTES} at most`, wholeNumber(1, MAX_MINUTES), 60)
    .option("--json", "one JSON object a line, with the expiry")
    .addHelpText(
      "after",
      `
The token has all rights of that person. Its creation is recorded in the audit log; signOut ends it early.

Example:
  curl -H "Authorization: Bearer $(filedesk token agent@acme.test)" \\
    -H "Content-Type: application/json" -d '{"query":"{ viewer { user { name } } }"}' http://localhost:4000/graphql`,
    )
    .action((email: string, options: OutputOptions & { minutes: number }) =>
      runOnDesk(options, environment, async ({ services }, { output }) => {
        const token = await services.scriptTokens.issue(email, options.minutes * MINUTE_MS);
        output.event("token", token);
        output.line(token.accessToken);
        return ExitCode.OK;
      }),
    );
}
