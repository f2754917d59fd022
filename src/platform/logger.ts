import { DrizzleQueryError } from "drizzle-orm";
import type { Logger } from "pino";
import { pino, stdSerializers, stdTimeFunctions } from "pino";

/** A logger with one JSON object per line, or readable lines for a terminal. */
export function createLogger(level: string, forPeople = false): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: withoutParameters },
  };
  if (!forPeople) return pino(options);
  return pino({
    ...options,
    transport: { target: "pino-pretty", options: { translateTime: "SYS:HH:MM:ss" } },
  });
}

/** Drizzle's error message contains the parameters of the statement, which may be personal data or secrets. */
function withoutParameters(error: Error): unknown {
  if (!(error instanceof DrizzleQueryError)) return stdSerializers.err(error);
  const cause = stdSerializers.err((error.cause ?? new Error("unknown cause")) as Error);
  return { type: cause.type, message: cause.message, statement: error.query, stack: cause.stack };
}
