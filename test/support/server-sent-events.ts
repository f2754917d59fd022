/** One event of an event stream, as its fields came (HTML, 9.2.6, Interpreting an event stream). */
export interface StreamedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** The events of an answer, as they come; comments and what only sets the pause are left out. */
export async function* eventsIn({ body }: Response): AsyncGenerator<StreamedEvent> {
  let text = "";
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s)));
      if (fields.event !== undefined) yield fields as StreamedEvent;
    }
  }
}
