import { DESK_FILES } from "../../support/desk-files.js";
import { HOSTILE_CONTAINERS } from "../../support/hostile-files/containers.js";
import { HOSTILE_MOVIES } from "../../support/hostile-files/movies.js";
import { HOSTILE_PICTURES } from "../../support/hostile-files/pictures.js";
import { HOSTILE_SOUNDS } from "../../support/hostile-files/sounds.js";
import {
  fixture,
  makeBmp,
  makeGif,
  makeJpeg,
  makePdf,
  makePlainPng,
  makePng,
  makeWebp,
} from "../../support/make-files.js";
import { animation, cmykJpeg, deepPng, rotatedPhoneJpeg } from "../../support/make-pictures.js";
import { makeZip } from "../../support/make-zip.js";

/** A file that is taken, or made to cost much; what it is mutated from. */
export interface SeedFile {
  readonly fileName: string;
  readonly bytes: Buffer;
}

const FIXTURES = [
  "clip.mp4",
  "clip.webm",
  "counts.xls",
  "counts.xlsx",
  "logs.7z",
  "logs.zip",
  "notes.doc",
  "notes.docx",
  "notes.pdf",
  "slides.ppt",
  "slides.pptx",
];

/** Made of very many parts of which the first say what the others are. */
const HOSTILE_HEADS = [
  ...HOSTILE_MOVIES,
  ...HOSTILE_SOUNDS,
  ...HOSTILE_PICTURES,
  ...HOSTILE_CONTAINERS,
].filter(({ what }) => what !== "a chunk of compressed text");

const SMALL = { width: 48, height: 32 };
/** Larger ones make the same mistakes and take longer. */
const MOST_BYTES = 150_000;

/** Files of every accepted kind, in the forms in which desks get them. */
export async function loadSeedFiles(): Promise<readonly SeedFile[]> {
  const pictures: [string, Promise<Buffer> | Buffer][] = [
    ["a.jpg", makeJpeg(SMALL)],
    ["progressive.jpg", makeJpeg({ ...SMALL, progressive: true })],
    ["phone.jpg", rotatedPhoneJpeg(48, 32)],
    ["print.jpg", cmykJpeg(48, 32)],
    ["a.png", makePng(SMALL)],
    ["deep.png", deepPng({ ...SMALL, alpha: 0.5 })],
    ["plain.png", makePlainPng()],
    ["a.webp", makeWebp(SMALL)],
    ["moving.webp", animation(48, 32, "webp")],
    ["a.gif", makeGif(SMALL)],
    ["moving.gif", animation(48, 32, "gif")],
    ["a.bmp", makeBmp(SMALL)],
    ["a.pdf", makePdf()],
    [
      "a.zip",
      makeZip([
        { name: "a/b.txt", content: "b" },
        { name: "c.txt", content: "c", stored: true },
      ]),
    ],
    [
      "a.svg",
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'),
    ],
  ];
  const made = [
    ...FIXTURES.map((fileName) => ({ fileName, bytes: fixture(fileName) })),
    ...(await Promise.all(pictures.map(async ([fileName, bytes]) => ({ fileName, bytes: await bytes })))),
    ...(await Promise.all(
      DESK_FILES.map(async ({ fileName, make }) => ({ fileName, bytes: Buffer.from(await make()) })),
    )),
    ...HOSTILE_HEADS.map(({ fileName, make }) => ({ fileName, bytes: make().subarray(0, 20_000) })),
  ];
  return made.filter(({ bytes }) => bytes.length <= MOST_BYTES);
}
