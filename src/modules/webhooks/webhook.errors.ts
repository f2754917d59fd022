import { badUserInput, conflict, quotaExceeded } from "../../kernel/errors.js";

export const notAReceiver = (why: string) => badUserInput(`\`url\` cannot be used: ${why}`, { field: "url" });

export const notASecret = () =>
  badUserInput(
    "`secret` is not one of the Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Leave it out, and one is made.",
    { field: "secret" },
  );

export const tooManyWebhooks = (limit: number) =>
  quotaExceeded(
    limit === 0
      ? "This server sends no webhooks: its operator has switched them off."
      : `This company has ${limit} webhooks, which is as many as it may have: delete one first.`,
    { limit },
  );

export const webhookIsDisabled = () =>
  conflict("This webhook is disabled: enable it first, by `updateWebhook` with `enabled: true`.");

export const rotationNotSettled = () =>
  conflict(
    "The secret has been changed, but a request that was signed with the old one may still be under way. Rotate it again.",
  );
