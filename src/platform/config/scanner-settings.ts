import { str } from "envalid";
import { clamdUrl, count, whole } from "./validators.js";

/** How files are scanned for malware. */
export const scannerSettings = {
  SCANNER: str({
    choices: ["off", "clamd"],
    default: "off",
    desc: "What scans files for malware: `off` nothing, `clamd` the daemon of ClamAV",
    example: "clamd",
  }),
  CLAMD_URL: clamdUrl({
    default: undefined,
    desc: "Where clamd listens: `tcp://host:port`, or `unix:` with the path of its socket",
    requiredWhen: (env) => env.SCANNER === "clamd",
    example: "tcp://127.0.0.1:3310",
  }),
  SCAN_INLINE_MEGABYTES: count({
    default: 5,
    desc: "Largest file that is scanned before the upload is answered, in MiB; larger ones are scanned afterwards, and nobody downloads them before",
    example: "5",
  }),
  SCANS_AT_ONCE: whole({
    default: 4,
    desc: "Maximum files that a process has scanned at once",
    example: "4",
  }),
} as const;
