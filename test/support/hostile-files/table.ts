import type { HostileFile } from "./hostile-file.js";
import { HOSTILE_MOVIES } from "./movies.js";
import { HOSTILE_SOUNDS } from "./sounds.js";

/** Files of up to a megabyte, made to cost a reader as much as they can. */
export const HOSTILE_FILES: readonly HostileFile[] = [...HOSTILE_MOVIES, ...HOSTILE_SOUNDS];
