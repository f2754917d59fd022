import { answerQuestions } from "../../../platform/processes/answer-questions.js";
import { inspectPicture } from "./inspect-picture.js";
import type { PictureQuestion } from "./picture-process.js";
import { render } from "./render.js";

/** The process of `picture-process.ts`: all decoders of untrusted pictures run here, and nowhere else. */
answerQuestions<PictureQuestion>((question) =>
  question.task === "inspect"
    ? inspectPicture(question.file, question.options)
    : render(question.input, question.presets, question.options),
);
