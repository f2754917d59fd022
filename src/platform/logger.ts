import { DrizzleQueryError } from "drizzle-orm";
import type { DestinationStream, Logger } from "pino";
import { pino, stdSerializers, stdTimeFunctions } from "pino";

export interface LoggerOptions {
  /** Readable lines for a terminal instead of JSON. */
  readonly forPeople?: boolean;
  /** Where lines go; by default standard output. */
  readonly destination?: DestinationStream;
}

/** A logger with one JSON object per line, or readable lines for a terminal. */
export function createLogger(level: string, { forPeople = false, destination }: LoggerOptions = {}): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: withoutParameters },
  };
  if (!forPeople) return destination ? pino(options, destination) : pino(options);
  return pino({
    ...options,
    transport: { target: "pino-pretty", options: { translateTime: "SYS:HH:MM:ss" } },
  });
}

/** Drizzle's error message contains the parameters of the statement, which may be personal data or secrets. */
function withoutParameters(error: Error): unknown {
  if (error instanceof DrizzleQueryError) {
    const cause = stdSerializers.err((error.cause ?? new Error("unknown cause")) as Error);
    return { type: cause.type, message: cause.message, statement: error.query, stack: cause.stack };
  }
  if (!hasParameters(error)) return stdSerializers.err(error);
  const { name: type, message, stack, cause } = error;
  return { type, message, stack, cause: withoutParameters(cause as Error) };
}

/** Whether the cause of an error, or the cause of its cause, is an error of Drizzle's. */
function hasParameters({ cause }: Error): boolean {
  return cause instanceof Error && (cause instanceof DrizzleQueryError || hasParameters(cause));
}
