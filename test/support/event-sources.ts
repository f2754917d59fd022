import { eventDocuments } from "../../src/app/event-documents.js";
import { startScript } from "./start-script.js";

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

/** Browsers tell a listener only what it has asked for by name. */
const TYPES = [
  ...new Set(Object.values(eventDocuments).flatMap((text) => text.match(/(?<=\.\.\. on )\w+/g))),
];

const SCRIPT = `
  const { urls, types } = JSON.parse(process.argv[1]);
  const print = (line) => console.log(JSON.stringify(line));
  for (const [source, url] of Object.entries(urls)) {
    const events = new EventSource(url);
    events.onopen = () => print({ source, state: "open" });
    events.onerror = () => print({ source, state: events.readyState === EventSource.CLOSED ? "closed" : "connecting" });
    for (const type of types)
      events.addEventListener(type, ({ lastEventId, data }) =>
        print({ source, type, id: lastEventId, data: JSON.parse(data) }));
  }
  process.stdin.on("end", () => process.exit()).resume();`;

/** Opens URLs as a page would, by the `EventSource` that comes with Node: it connects again by itself. */
export function openEventSources(urls: Readonly<Record<string, string>>): EventSources {
  const env = { ...process.env, NODE_OPTIONS: "--experimental-eventsource --no-warnings" };
  const script = startScript(SCRIPT, [JSON.stringify({ urls, types: TYPES })], env);
  const heard: Heard[] = [];
  const states = Object.fromEntries(Object.keys(urls).map((source) => [source, [] as string[]]));
  const listen = async () => {
    for (;;) {
      const line = JSON.parse(await script.nextLine()) as Heard & { state?: string };
      if (line.state === undefined) heard.push(line);
      else states[line.source]?.push(line.state);
    }
  };
  // It ends with the script.
  listen().catch(() => {});
  return { heard, states, close: () => script.end() };
}
