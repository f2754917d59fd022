import { Field, ObjectType } from "type-graphql";
import type { ActorView } from "./actor.types.js";
import { Actor } from "./actor.types.js";

const ACTOR = { description: "Who it is." };

@ObjectType({ simpleResolvers: true, description: "A person or guest became a participant." })
export class ParticipantJoined {
  @Field(() => Actor, ACTOR)
  actor!: ActorView;
}

@ObjectType({ simpleResolvers: true, description: "A person or guest is no longer a participant." })
export class ParticipantLeft {
  @Field(() => Actor, ACTOR)
  actor!: ActorView;
}
