import { ArrayMaxSize, IsOptional, IsUUID, Length } from "class-validator";
import { Field, InputType } from "type-graphql";
import { DateTime, ID } from "../../platform/graphql/scalars.js";
import type { AuditFilter } from "./audit-log.repository.js";
import { AuditActionName } from "./audit-log.types.js";

const MAX_ACTIONS = 100;

@InputType("AuditFilter", { description: "Which entries are listed; omitted conditions hold for all." })
export class AuditFilterInput implements Omit<AuditFilter, "action"> {
  @Field(() => ID, {
    nullable: true,
    description: "The company. Only administrators may omit it.",
  })
  companyId?: string | null;

  @Field(() => ID, { nullable: true, description: "The person, guest or API key." })
  @IsOptional()
  @IsUUID()
  actorId?: string | null;

  @Field(() => [AuditActionName], {
    nullable: true,
    description: `One of these actions: ${MAX_ACTIONS} at most.`,
  })
  @IsOptional()
  @ArrayMaxSize(MAX_ACTIONS)
  action?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "The kind of the subject, such as `ticket` or `media-file`.",
  })
  @IsOptional()
  @Length(1, 50)
  subjectType?: string | null;

  @Field(() => ID, { nullable: true, description: "The subject." })
  @IsOptional()
  @IsUUID()
  subjectId?: string | null;

  @Field(() => DateTime, { nullable: true, description: "From this moment on." })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: "Before this moment." })
  to?: Date | null;
}
