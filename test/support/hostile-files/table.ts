import { HOSTILE_CONTAINERS } from "./containers.js";
import type { HostileFile } from "./hostile-file.js";
import { HOSTILE_MOVIES } from "./movies.js";
import { HOSTILE_PACKAGES } from "./packages.js";
import { HOSTILE_ARCHIVES } from "./packed.js";
import { HOSTILE_PICTURES } from "./pictures.js";
import { HOSTILE_SOUNDS } from "./sounds.js";
import { HOSTILE_TEXTS } from "./texts.js";

/** Files of up to a megabyte, made to cost a reader as much as they can. */
export const HOSTILE_FILES: readonly HostileFile[] = [
  ...HOSTILE_MOVIES,
  ...HOSTILE_SOUNDS,
  ...HOSTILE_PICTURES,
  ...HOSTILE_PACKAGES,
  ...HOSTILE_CONTAINERS,
  ...HOSTILE_TEXTS,
  ...HOSTILE_ARCHIVES,
];
