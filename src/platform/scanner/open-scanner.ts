import type { Config } from "../config/config.js";
import { createClamd } from "./clamd.js";
import { scannerOff } from "./off.js";
import type { Scanner } from "./scanner.js";

/** Opens the scanner that the configuration selects. */
export const openScanner = ({
  SCANNER,
  CLAMD_URL,
  SCANS_AT_ONCE,
}: Pick<Config, "SCANNER" | "CLAMD_URL" | "SCANS_AT_ONCE">): Scanner =>
  SCANNER === "clamd" && CLAMD_URL !== undefined
    ? createClamd({ url: CLAMD_URL, atOnce: SCANS_AT_ONCE })
    : scannerOff;
