import { DEMO_ADMIN, DEMO_PASSWORD, demoEmail } from "../demo/demo-people.js";

/** The text that a developer sees after starting the server. */
export function banner(url: string, demoData: boolean): string {
  const lines = [
    "",
    `  Filedesk is ready: ${url}/graphql`,
    "  Open it in a browser for Apollo Sandbox.",
    ...(demoData
      ? [
          "",
          "  Sign in as",
          ...["customer", "agent", "manager"].map((account) => `    ${demoEmail(account, "acme")}`),
          `    ${DEMO_ADMIN}`,
          `  with the password ${DEMO_PASSWORD} (the same people exist at globex.test).`,
        ]
      : []),
    "",
    "  Stop it with Ctrl+C.",
    "",
  ];
  return `${lines.join("\n")}\n`;
}
