import { Field, ObjectType } from "type-graphql";
import type { ActorView } from "./actor.types.js";
import { Actor } from "./actor.types.js";

const ACTOR = { description: "Who it is." };

@ObjectType({ simpleResolvers: true, description: "Somebody takes part from now on." })
export class ParticipantJoined {
  @Field(() => Actor, ACTOR)
  actor!: ActorView;
}

@ObjectType({ simpleResolvers: true, description: "Somebody takes part no more." })
export class ParticipantLeft {
  @Field(() => Actor, ACTOR)
  actor!: ActorView;
}
