import { ObjectType } from "type-graphql";
import { Actor } from "./actor.types.js";

@ObjectType({ implements: Actor, simpleResolvers: true, description: "A person with an account." })
export class User extends Actor {}
