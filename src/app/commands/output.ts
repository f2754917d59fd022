import { SingleBar } from "cli-progress";
import { SECOND_MS } from "../../kernel/clock.js";
import type { Progress } from "../../kernel/run-options.js";

/** The output of a command: text for people, or one JSON object a line. */
export interface Output {
  readonly isJson: boolean;
  /** An event, only in JSON output. */
  event(event: string, fields?: object): void;
  /** A line of the result, only in text output: on stdout. */
  line(text: string): void;
  /** A line besides the result, only in text output: on stderr. */
  note(text: string): void;
  /** Shows progress: a bar on a terminal, otherwise a line at intervals. Call `end` when done. */
  progress(what: string): ProgressShow;
}

export interface ProgressShow {
  show(progress: Progress): void;
  end(): void;
}

const SHOW_INTERVAL_MS = 5 * SECOND_MS;

export function createOutput({ json = false }: { readonly json?: boolean | undefined }): Output {
  const isTerminal = !json && process.stderr.isTTY === true;
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const note = (text: string) => void process.stderr.write(`${text}\n`);
  const event = (name: string, fields: object = {}) => {
    if (json) print(JSON.stringify({ event: name, ...fields }));
  };
  return {
    isJson: json,
    event,
    line: (text) => {
      if (!json) print(text);
    },
    note: (text) => {
      if (!json) note(text);
    },
    progress: (what) =>
      isTerminal
        ? bar(what)
        : periodic((progress) =>
            json ? event("progress", { what, ...progress }) : note(`${what}: ${inNumbers(progress)}`),
          ),
  };
}

const inNumbers = ({ done, total }: Progress) => (total === null ? `${done}` : `${done} of ${total}`);

function bar(what: string): ProgressShow {
  const shown = new SingleBar({
    format: `${what} {bar} {value} of {total} ({eta_formatted} left)`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: false,
  });
  let isShown = false;
  return {
    show({ done, total }) {
      // If the total is unknown, the bar shows the number of processed items.
      const end = Math.max(total ?? done, 1);
      if (!isShown) shown.start(end, done);
      isShown = true;
      shown.setTotal(end);
      shown.update(done);
    },
    end() {
      if (isShown) shown.stop();
    },
  };
}

function periodic(say: (progress: Progress) => void): ProgressShow {
  let shownAt = Date.now();
  return {
    show(progress) {
      if (Date.now() - shownAt < SHOW_INTERVAL_MS) return;
      shownAt = Date.now();
      say(progress);
    },
    end() {},
  };
}
