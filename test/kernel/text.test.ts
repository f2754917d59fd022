import { describe, expect, it } from "@jest/globals";
import { composed, isLine, singleLine } from "../../src/kernel/text.js";

describe("a single line", () => {
  it.each([
    ["as a Mac writes it", "Mu\u0308ller", "Müller"],
    ["as a PC writes it", "Müller", "Müller"],
    ["between white space", " \t Lamp \u00a0", "Lamp"],
    ["with white space of all kinds in it", "a  b\u00a0\u3000c\u2003d", "a b c d"],
    ["folded as the header of a message", "The lamp\r\n in room 204", "The lamp in room 204"],
    ["on two lines", "a\nb\u2028c\u2029d\u0085e\tf", "a b c d e f"],
    ["with an override of the direction", "Room \u202e402", "Room 402"],
    ["in an isolate", "\u2066Room\u2069", "Room"],
    ["with marks of Windows' file properties", "\u202aC:\\a\u200e.pdf", "C:\\a.pdf"],
    ["with a mark of Arabic", "\u061cغرفة", "غرفة"],
    ["behind a byte order mark", "\ufeffLamp", "Lamp"],
    ["with a mark between a letter and what belongs to it", "u\u200e\u0308", "ü"],
    ["with joiners that letters and pictures need", "می\u200cخواهم 👨\u200d👩", "می\u200cخواهم 👨\u200d👩"],
    ["of white space alone", " \n ", ""],
  ])("%s", (_what, given, read) => {
    expect(singleLine(given)).toBe(read);
    expect(singleLine(read)).toBe(read);
  });

  it.each([
    ["Lamp", true],
    ["x".repeat(10), true],
    ["🖨".repeat(10), true],
    ["x".repeat(11), false],
    ["🖨".repeat(11), false],
    ["", false],
    ["\u200b\u2060", false],
    ["\u3164", false],
    ["a\0b", false],
    ["a\u001bb", false],
    ["a\u009bb", false],
    ["a\ud800", false],
  ])("%j says something in ten characters: %s", (line, isGood) => {
    expect(isLine(line, 10)).toBe(isGood);
  });
});

describe("composing", () => {
  it("keeps lines and directions as they are", () => {
    expect(composed("u\u0308\n\u202bx  y\t")).toBe("ü\n\u202bx  y\t");
  });

  it("divides more than 30 marks on a letter, once", () => {
    const marks = "\u0301\u0316".repeat(50);
    const divided = composed(`q${marks}`);
    expect(divided.replaceAll("\u034f", "").length).toBe(101);
    expect(divided.match(/\u034f/g)).toHaveLength(3);
    expect(composed(divided)).toBe(divided);
    expect(composed(`q${"\u0316".repeat(30)}`)).not.toContain("\u034f");
  });

  it("takes no time that grows with the square of a hostile text", () => {
    const started = performance.now();
    const half = 400_000;
    for (const text of [
      `q${"\u0301".repeat(half)}${"\u0316".repeat(half)}`,
      " \u202e".repeat(half),
      "\u034f".repeat(half),
    ])
      singleLine(text);
    // Milliseconds on a slow machine; sorting these marks in one run takes minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
