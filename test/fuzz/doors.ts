import { openFilesDoor } from "./inputs/files.door.js";
import { graphqlDoor } from "./inputs/graphql.door.js";
import { multipartDoor } from "./inputs/multipart.door.js";
import { tusDoor } from "./inputs/tus.door.js";
import { websocketDoor } from "./inputs/websocket.door.js";
import type { Door } from "./kit/door.js";

export const DOOR_NAMES = ["multipart", "files", "graphql", "tus", "websocket"] as const;
export type DoorName = (typeof DOOR_NAMES)[number];

const OPENERS: Readonly<Record<DoorName, () => Door | Promise<Door>>> = {
  multipart: () => multipartDoor,
  files: openFilesDoor,
  graphql: () => graphqlDoor,
  tus: () => tusDoor,
  websocket: () => websocketDoor,
};

/** The door of a name, ready to make cases. */
export const openDoor = async (name: DoorName): Promise<Door> => OPENERS[name]();
