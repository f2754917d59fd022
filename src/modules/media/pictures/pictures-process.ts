import { readFile } from "node:fs/promises";
import { answerQuestions } from "../../../platform/processes/answer-questions.js";
import { inspectPicture } from "./inspect-picture.js";
import type { PictureQuestion } from "./picture-process.js";
import { render } from "./render.js";

/** The process of `picture-process.ts`: all decoders of untrusted pictures run here, and nowhere else. */
answerQuestions<PictureQuestion>(async (question) => {
  switch (question.task) {
    case "sanitize":
      return sanitize(question.path);
    case "inspect":
      return inspectPicture(question.file, question.options);
    case "render":
      return render(question.input, question.presets, question.options);
  }
});

/** Loaded on demand: few pictures are SVG. */
async function sanitize(path: string): Promise<Buffer> {
  const { sanitizeSvg } = await import("./sanitize-svg.js");
  return sanitizeSvg(await readFile(path));
}
