import { ObjectType } from "type-graphql";
import { connectionType } from "../../../platform/graphql/connection.types.js";
import { Actor } from "../actor.types.js";

@ObjectType({ implements: Actor, simpleResolvers: true, description: "A person with an account." })
export class User extends Actor {}

export const UserConnection = connectionType("User", () => User);
