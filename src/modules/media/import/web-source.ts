import type { Agent, IncomingMessage } from "node:http";
import { Agent as HttpAgent, get as httpGet } from "node:http";
import { Agent as HttpsAgent, get as httpsGet } from "node:https";
import { parse as parseDisposition } from "content-disposition";
import { formatBytes, KIB } from "../../../kernel/bytes.js";
import { SECOND_MS } from "../../../kernel/clock.js";
import { limitTime } from "../../../kernel/time-limit.js";
import { RateMeter } from "../../../platform/http/connections/rate-meter.js";
import { isAborted, reasonOfFault } from "../../../platform/http/outgoing/connection-fault.js";
import type { AddressRules } from "../../../platform/http/outgoing/public-address.js";
import {
  createGuardedLookup,
  refuseConnected,
  refusePrivateAddress,
  writtenHost,
} from "../../../platform/http/outgoing/public-address.js";
import { fileTooLarge } from "../media.errors.js";
import {
  badAnswer,
  hostRefused,
  ImportFault,
  sourceRefused,
  sourceUnreachable,
} from "./media-import.errors.js";
import type { OpenedSource } from "./opened-source.js";
import { nameFromUrl } from "./source-name.js";

const MAX_REDIRECTS = 5;
const LOOKS_PER_WINDOW = 8;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Temporary errors of servers. */
const PASSING_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

export interface WebOptions extends Omit<AddressRules, "refuse"> {
  /** Timeout without any data, in milliseconds. */
  readonly silenceMs: number;
  /** Timeout for a file from the first request to the last byte, in milliseconds. */
  readonly totalMs: number;
  /** The minimum rate of a server, measured over `silenceMs`; by default 1 KiB a second. */
  readonly leastBytesPerSecond?: number;
}

export interface WebRequest {
  readonly url: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface WebSources {
  /** @throws ImportFault SOURCE_REFUSED, SOURCE_UNREACHABLE, SOURCE_BAD_ANSWER; FILE_TOO_LARGE */
  open(request: WebRequest): Promise<OpenedSource>;
  /** Closes idle connections. */
  close(): void;
}

/**
 * Fetches files by HTTP and HTTPS, only from public addresses. The address is checked for each connection, those of
 * redirects included. No cookies or credentials are sent.
 */
export function createWebSources(given: WebOptions): WebSources {
  const options = { ...given, refuse: hostRefused };
  const agents = {
    "http:": new HttpAgent({ keepAlive: true }),
    "https:": new HttpsAgent({ keepAlive: true }),
  };
  const request = (url: URL, written: string | undefined, signal: AbortSignal) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const isSecure = url.protocol === "https:";
      const agent: Agent = agents[isSecure ? "https:" : "http:"];
      const headers = { "user-agent": "filedesk-import", accept: "*/*", "accept-encoding": "identity" };
      const sent = (isSecure ? httpsGet : httpGet)(url, {
        agent,
        lookup: createGuardedLookup(options, written),
        headers,
        signal,
        timeout: options.silenceMs,
      });
      sent.on("socket", (socket) => refuseConnected(socket, url, options));
      let response: IncomingMessage | undefined;
      sent.on("timeout", () => {
        const reason = silent(url, options.silenceMs);
        response?.destroy(reason);
        sent.destroy(reason);
      });
      sent.on("response", (answer) => {
        response = answer;
        resolve(answer);
      });
      sent.on("error", (error) => reject(toImportFault(error, url)));
    });
  const follow = async (source: string, signal: AbortSignal, maxBytes: number): Promise<OpenedSource> => {
    let written = source;
    for (let redirects = 0; ; redirects++) {
      const url = checkedUrl(written, options);
      const response = await request(url, writtenHost(written), signal);
      const target = redirectTarget(response, url);
      if (target === null) {
        const source = opened(response, url, maxBytes);
        endSlow(response, url, options);
        return source;
      }
      response.destroy();
      if (redirects === MAX_REDIRECTS)
        throw badAnswer(`The server redirected more than ${MAX_REDIRECTS} times.`);
      written = target;
    }
  };
  return {
    async open({ url, maxBytes, signal }) {
      const limit = limitTime(signal, options.totalMs);
      try {
        const response = await follow(url, limit.signal, maxBytes);
        response.stream.once("close", limit.end);
        return response;
      } catch (error) {
        limit.end();
        throw error;
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

function checkedUrl(source: string, rules: AddressRules): URL {
  if (!URL.canParse(source)) throw sourceRefused("This is not a URL that can be fetched.");
  const url = new URL(source);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw sourceRefused(`Files are fetched by http and https, not by ${url.protocol.slice(0, -1)}.`);
  if (url.username !== "" || url.password !== "")
    throw sourceRefused("A URL may not carry a name and a password: they would stand in reports and logs.");
  refusePrivateAddress(url, rules, writtenHost(source));
  return url;
}

function redirectTarget({ statusCode = 0, headers }: IncomingMessage, url: URL): string | null {
  if (!REDIRECTS.has(statusCode)) return null;
  if (!headers.location || !URL.canParse(headers.location, url.href))
    throw badAnswer(`The server redirected (${statusCode}) without saying where to.`);
  return new URL(headers.location, url).href;
}

function opened(response: IncomingMessage, url: URL, maxBytes: number): OpenedSource {
  try {
    refuseAnswer(response, maxBytes);
  } catch (error) {
    response.destroy();
    throw error;
  }
  return { fileName: nameInHeader(response) ?? nameFromUrl(url), stream: response };
}

/** Aborts a response that is too slow. Time in which received bytes wait for this process does not count. */
function endSlow(response: IncomingMessage, url: URL, options: WebOptions): void {
  const { silenceMs: windowMs, leastBytesPerSecond: bytesPerSecond = KIB } = options;
  const meter = new RateMeter({ bytesPerSecond, windowMs });
  const timer = setInterval(() => {
    const bytes = response.readableLength === 0 ? response.socket.bytesRead : null;
    if (!meter.isTooSlow(bytes, performance.now())) return;
    response.destroy(
      sourceUnreachable(`${url.host} sends less than ${formatBytes(bytesPerSecond)} a second.`),
    );
  }, windowMs / LOOKS_PER_WINDOW).unref();
  response.once("close", () => clearInterval(timer));
}

function refuseAnswer({ statusCode = 0, headers }: IncomingMessage, maxBytes: number): void {
  if (PASSING_STATUS.has(statusCode))
    throw new ImportFault("SOURCE_BAD_ANSWER", `The server answered ${statusCode}.`, true);
  if (statusCode !== 200) throw badAnswer(`The server answered ${statusCode}, not 200.`);
  const encoding = headers["content-encoding"];
  if (encoding && encoding !== "identity")
    throw badAnswer(`The server sent the file compressed (${encoding}) although it was asked not to.`);
  const announced = Number(headers["content-length"]);
  if (announced > maxBytes) throw fileTooLarge(maxBytes, announced);
}

function nameInHeader({ headers }: IncomingMessage): string | null {
  try {
    return parseDisposition(headers["content-disposition"] ?? "").parameters.filename || null;
  } catch {
    return null;
  }
}

const silent = (url: URL, ms: number) =>
  sourceUnreachable(`${url.host} was silent for ${Math.round(ms / SECOND_MS)} seconds.`);

/** Turns an error of a connection into a fault, before or during the download. */
export function toImportFault(error: unknown, { host }: Pick<URL, "host">): ImportFault {
  if (error instanceof ImportFault) return error;
  const fault = error as NodeJS.ErrnoException;
  if (isAborted(fault)) return sourceUnreachable(`${host} took too long, or the import was stopped.`);
  return sourceUnreachable(`${host} cannot be reached: ${reasonOfFault(fault)}.`);
}
