import { EnvError, makeValidator } from "envalid";
import { parseDatabaseUrl } from "../database/database-url.js";

export const list = makeValidator<readonly string[]>((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean),
);

/** 0 selects a free port. */
export const port = makeValidator<number>((text) => {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535)
    throw new EnvError(`"${text}" is not a port number`);
  return value;
});

/** Higher than any sensible value, and safe for every setting. */
const MAX_VALUE = 1_000_000;

const wholeFrom = (least: number, wanted: string) =>
  makeValidator<number>((text) => {
    const value = Number(text);
    if (value > MAX_VALUE) throw new EnvError(`"${text}" is more than ${MAX_VALUE}`);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < least)
      throw new EnvError(`"${text}" is not ${wanted}`);
    return value;
  });

export const whole = wholeFrom(1, "a whole number above 0");
export const count = wholeFrom(0, "a whole number");

export const share = makeValidator<number>((text) => {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1))
    throw new EnvError(`"${text}" is not a number from 0 to 1`);
  return value;
});

/** Error messages do not contain the URL, which may contain a password, even in the wrong part. */
const checkedUrl =
  (schemes: readonly string[], example: string) =>
  (text: string): string => {
    if (!URL.canParse(text) || !schemes.includes(new URL(text).protocol))
      throw new EnvError(`is not a URL like ${example}`);
    const { hash, username, password } = new URL(text);
    if (hash !== "")
      throw new EnvError(
        "is a URL with a fragment, which is not sent to servers; write # in a password as %23",
      );
    if (!isDecodable(username + password))
      throw new EnvError("is a URL whose user or password cannot be decoded; write % there as %25");
    return text;
  };

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

export const httpUrl = makeValidator<string>(checkedUrl(["http:", "https:"], "https://example.com"));
const POSTGRES_EXAMPLE = "postgres://user:password@host:5432/database";
const singlePostgresUrl = checkedUrl(["postgres:", "postgresql:"], POSTGRES_EXAMPLE);

/** May name several hosts, of which one takes writes: `postgres://user:password@a:5432,b:5432/database`. */
export const postgresUrl = makeValidator<string>((text) => {
  for (const host of hostsOf(text)) singlePostgresUrl(host);
  return text;
});

function hostsOf(text: string): readonly string[] {
  try {
    return parseDatabaseUrl(text).hosts;
  } catch (error) {
    throw new EnvError((error as Error).message);
  }
}

const CLAMD_FORM = /^(?:tcp:\/\/(?:[^\s/?#@:]+|\[[0-9a-fA-F:]+\]):\d{1,5}|unix:(?:\/\/)?\/.+)$/;

export const clamdUrl = makeValidator<string>((text) => {
  const isLike = CLAMD_FORM.test(text) && (!text.startsWith("tcp:") || hasPort(text));
  if (!isLike) throw new EnvError(`"${text}" is not like tcp://127.0.0.1:3310 or unix:/run/clamav/clamd.ctl`);
  return text;
});

/** A host that can be one, and a port from 1 to 65535. */
const hasPort = (text: string) => URL.canParse(text) && Number(new URL(text).port) > 0;

/** The path is a database number. */
export const redisUrl = makeValidator<string>((text) => {
  if (!/^rediss?:\/\/[^#?]+$/.test(text) || !URL.canParse(text) || !/^(\/\d*)?$/.test(new URL(text).pathname))
    throw new EnvError("is not a URL like redis://user:password@host:6379/0");
  return text;
});

/** A link with a placeholder for a token. */
export const linkTemplate = makeValidator<string>((text) => {
  if (!URL.canParse(text) || !/^https?:/.test(text) || !text.includes("{token}"))
    throw new EnvError(`"${text}" is not a link like https://desk.example.com/join#{token}`);
  return text;
});

/** The names that every store takes (Amazon S3's rules for new buckets). */
export const bucketName = makeValidator<string>((text) => {
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(text))
    throw new EnvError(
      `"${text}" is not the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens`,
    );
  return text;
});

/** Segments that may be part of a storage key, without a slash at the end. */
export const keyPrefix = makeValidator<string>((text) => {
  if (text !== "" && !/^[a-zA-Z0-9_-][a-zA-Z0-9._-]*(\/[a-zA-Z0-9_-][a-zA-Z0-9._-]*)*$/.test(text))
    throw new EnvError(`"${text}" is not a prefix of keys like desk/files`);
  return text;
});

/** A path with a slash at both ends. */
export const internalPath = makeValidator<string>((text) => {
  if (!/^\/[a-zA-Z0-9._-]+(\/[a-zA-Z0-9._-]+)*\/$/.test(text))
    throw new EnvError(`"${text}" is not a path like /internal/`);
  return text;
});

export const origins = makeValidator<readonly string[]>((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean)
    .map((item) => {
      if (!/^https?:/.test(item) || !URL.canParse(item) || new URL(item).origin !== item)
        throw new EnvError(`"${item}" is not an origin like https://app.example.com`);
      return item;
    }),
);

export const email = makeValidator<string>((given) => {
  const text = given.trim();
  if (!/^[^@\s]+@[^@\s]+$/.test(text)) throw new EnvError(`"${text}" is not an e-mail address`);
  return text.toLowerCase();
});

export const secret = makeValidator<string>((text) => {
  if (text.length < 32)
    throw new EnvError(`a secret has at least 32 characters, this one has ${text.length}`);
  return text;
});

/** `id:secret` pairs, newest first, as the signer expects them. */
export const keys = makeValidator<readonly { id: string; secret: string }[]>((text) =>
  text.split(",").map((pair) => {
    const [, id, value] = /^([A-Za-z0-9_-]{1,16}):(.{32,})$/.exec(pair.trim()) ?? [];
    if (!id || !value) throw new EnvError("each key is `id:secret`, the secret with at least 32 characters");
    return { id, secret: value };
  }),
);
