import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:http";
import { setTimeout as pass } from "node:timers/promises";

/** What a page was told through one of its event sources. */
export interface Heard {
  readonly source: string;
  readonly type: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the documents select
  readonly data: any;
}

export interface EventSources {
  readonly heard: Heard[];
  /** What became of each: "open", "connecting" after a cut, "closed" for good; in their order. */
  readonly states: Record<string, string[]>;
  close(): Promise<void>;
}

/** Sooner than servers ask for: nobody wants to wait here. */
const RETRY_MS = 50;

/**
 * Opens URLs as a page does by `EventSource` (HTML Standard, server-sent events): no headers but `Last-Event-ID`, a
 * connection that ends or fails is made anew, any answer but a stream closes it for good. Node's own, which is an
 * experiment, does not come back from a server that was away.
 */
export function openEventSources(urls: Readonly<Record<string, string>>): EventSources {
  const stop = new AbortController();
  const heard: Heard[] = [];
  const states: Record<string, string[]> = {};
  const running = Object.entries(urls).map(async ([source, url]) => {
    const went: string[] = [];
    states[source] = went;
    for (let last = ""; !stop.signal.aborted; went.push("connecting"), await pass(RETRY_MS)) {
      try {
        const headers = last === "" ? {} : { "last-event-id": last };
        const request = get(url, { headers, agent: false, signal: stop.signal });
        const [response] = (await once(request, "response")) as [IncomingMessage];
        if (response.statusCode !== 200) {
          response.destroy();
          went.push("closed");
          return;
        }
        went.push("open");
        for await (const fields of blocksOf(response.setEncoding("utf8"))) {
          last = fields.id ?? last;
          if (fields.data !== undefined)
            heard.push({ source, type: fields.event ?? "message", id: last, data: JSON.parse(fields.data) });
        }
      } catch {
        // The network: tried again.
      }
    }
  });
  return {
    heard,
    states,
    async close() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

/** The fields of each event, for as long as they come. */
async function* blocksOf(chunks: AsyncIterable<string>): AsyncGenerator<Partial<Record<string, string>>> {
  let text = "";
  for await (const chunk of chunks) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks)
      yield Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
  }
}
