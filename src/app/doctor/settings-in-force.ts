import { formatBytes } from "../../kernel/bytes.js";
import type { AllBucketRules } from "../../modules/media/buckets.js";
import type { Config } from "../../platform/config/config.js";
import { SECRET_FILE_SUFFIX } from "../../platform/config/secret-files.js";
import { settings } from "../../platform/config/settings.js";

export interface SettingInForce {
  readonly name: string;
  /** The value for display, with secrets masked. */
  readonly value: string;
  /** Whether it is set in the environment, by itself or as a file of a secret; otherwise it is the default. */
  readonly isSet: boolean;
}

const SECRET = /SECRET|PASSWORD|_KEYS?$|TOKEN/;

/** Every setting with its effective value, for display. */
export function settingsInForce(config: Config, environment: NodeJS.ProcessEnv): SettingInForce[] {
  const names = Object.keys(settings) as (keyof typeof settings)[];
  return names.map((name) => ({
    name,
    value: shown(name, config[name]),
    isSet: [name, `${name}${SECRET_FILE_SUFFIX}`].some((variable) => (environment[variable] ?? "") !== ""),
  }));
}

function shown(name: string, value: unknown): string {
  if (value === undefined || value === null) return "-";
  if (SECRET.test(name) && typeof value !== "boolean") return "(set)";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  return withoutPassword(String(value));
}

function withoutPassword(text: string): string {
  // A URL with several hosts, which cannot be parsed: each host is shown without user and password.
  if (!URL.canParse(text)) return text.replace(/^([a-z]+:\/\/)[^/]*@([^?]*).*$/, "$1***@$2");
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  for (const parameter of url.searchParams.keys())
    if (/pass|secret|token|key/i.test(parameter)) url.searchParams.set(parameter, "***");
  return url.password === "" && url.search === "" ? text : url.href;
}

/** A line for each bucket. */
export const bucketsInForce = (buckets: AllBucketRules): (readonly [string, string])[] =>
  Object.values(buckets).map(({ bucket, maxBytes, maxSeconds, access, types, presets }) => [
    bucket,
    [
      access,
      formatBytes(maxBytes),
      ...(maxSeconds === undefined ? [] : [`${maxSeconds} s`]),
      types.join(" "),
      `→ ${presets.join(" ")}`,
    ].join(", "),
  ]);
