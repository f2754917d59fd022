import { Field, ObjectType, registerEnumType } from "type-graphql";
import { connectionType } from "../../platform/graphql/connection.types.js";
import { DateTime, ID, JSONObject } from "../../platform/graphql/scalars.js";
import type { AuditAction } from "../identity/audit/audit-action.js";
import { AUDIT_ACTIONS } from "../identity/audit/audit-action.js";

/** The name of an action in GraphQL: `media-file.usage-added` is `MEDIA_FILE_USAGE_ADDED`. */
export const auditActionName = (action: string): string => action.toUpperCase().replaceAll(/[.-]/g, "_");

const ACTION_OF_NAME = new Map(AUDIT_ACTIONS.map((action) => [auditActionName(action), action]));

/** The actions with these names in GraphQL. */
export const auditActionsNamed = (names: readonly string[]): AuditAction[] =>
  names.flatMap((name) => ACTION_OF_NAME.get(name) ?? []);

// Names are their own values, as in all enums: a variable is coerced twice.
export const AuditActionName = Object.fromEntries([...ACTION_OF_NAME.keys()].map((name) => [name, name]));

registerEnumType(AuditActionName, {
  name: "AuditAction",
  description:
    "What was done: the kind of the subject and the change. REQUEST_REFUSED counts refused requests.",
});

export const AuditResultName = { SUCCEEDED: "SUCCEEDED", REFUSED: "REFUSED", FAILED: "FAILED" } as const;

registerEnumType(AuditResultName, {
  name: "AuditResult",
  description: "How it ended.",
  valuesConfig: {
    SUCCEEDED: { description: "It was done." },
    REFUSED: { description: "It was refused: requests, and uploads of infected files." },
    FAILED: { description: "The server could not do it: a rendering." },
  },
});

export const AuditActorKind = {
  USER: "USER",
  GUEST: "GUEST",
  API_KEY: "API_KEY",
  ANONYMOUS: "ANONYMOUS",
  SERVER: "SERVER",
} as const;

registerEnumType(AuditActorKind, {
  name: "AuditActorKind",
  description: "What kind of actor it was.",
  valuesConfig: {
    USER: { description: "A person with an account." },
    GUEST: { description: "A guest of a conversation." },
    API_KEY: { description: "A backend with an API key." },
    ANONYMOUS: { description: "A caller without a valid token or signature." },
    SERVER: { description: "The server itself: a job, or a command of the operator." },
  },
});

@ObjectType({
  description: "An entry of the audit log: who did what to what, when and from where.",
  simpleResolvers: true,
})
export class AuditEntry {
  @Field(() => ID, { description: "The entry's id." })
  id!: string;

  @Field(() => DateTime, { description: "When it was done." })
  createdAt!: Date;

  @Field(() => ID, { nullable: true, description: "The company that it concerns; null for none." })
  companyId!: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the person, guest or API key, also when they are no more; null for other actors.",
  })
  actorId!: string | null;

  @Field(() => String, { nullable: true, description: "The network address of the client." })
  address!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The client's `User-Agent`, up to 300 characters.",
  })
  userAgent!: string | null;

  @Field(() => String, { description: "The kind of the subject, such as `ticket` or `media-file`." })
  subjectType!: string;

  @Field(() => ID, {
    nullable: true,
    description: "The id of the subject; null for refused requests.",
  })
  subjectId!: string | null;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      "What was changed, or what else there is to say. Of refused requests: `code`, `what` (the operation or route), `count` and `since`.",
  })
  details!: Record<string, unknown> | null;
}

export const AuditEntryConnection = connectionType("AuditEntry", () => AuditEntry);
