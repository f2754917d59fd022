import chardet from "chardet";

/** An East Asian charset: which pairs of bytes are frequent in such texts. */
interface PairCharset {
  readonly label: string;
  readonly isFrequent: (lead: number, trail: number) => boolean;
}

const within = (from: number, to: number, byte: number) => byte >= from && byte <= to;

/** The first level of each national table holds the characters in daily use, beside kana and punctuation. */
const PAIR_CHARSETS: readonly PairCharset[] = [
  { label: "shift_jis", isFrequent: (lead) => within(0x81, 0x83, lead) || within(0x88, 0x97, lead) },
  { label: "euc-jp", isFrequent: (lead) => within(0xa4, 0xa5, lead) },
  {
    label: "gbk",
    isFrequent: (lead, trail) =>
      trail >= 0xa1 && (lead === 0xa1 || lead === 0xa3 || within(0xb0, 0xd7, lead)),
  },
  { label: "big5", isFrequent: (lead) => lead === 0xa1 || within(0xa4, 0xc6, lead) },
  { label: "euc-kr", isFrequent: (lead, trail) => trail >= 0xa1 && within(0xb0, 0xc8, lead) },
];
const OF_PAIRS: ReadonlySet<string> = new Set([...PAIR_CHARSETS.map(({ label }) => label), "gb18030"]);
/** The share of frequent pairs among non-ASCII characters above which a text counts as East Asian. */
const MOSTLY = 0.8;
/** Hangul shares code points with half of the frequent Chinese characters: a long run of them is no coincidence. */
const HANGUL_PAIRS = 8;
/** The minimum confidence of chardet for other scripts, in percent. */
const SURE = 50;

/**
 * Guesses the charset of a text that is neither UTF-8 nor UTF-16, by WHATWG's names. Never certain.
 *
 * @param sample some non-ASCII bytes with their surroundings; a character at the end may be incomplete
 */
export function guessCharset(sample: Buffer): string {
  if (isMostlyUtf8(sample)) return "utf-8";
  const single = chardet
    .analyse(sample)
    .map(({ name, confidence }) => ({ label: labelOf(name), confidence }))
    .find(({ label }) => label !== null && !OF_PAIRS.has(label));
  const pairs = pairCharsetOf(sample);
  if (pairs !== null && (single?.confidence ?? 0) < SURE) return pairs;
  return single?.label ?? "windows-1252";
}

/** Whether it is UTF-8 with a few exceptions, as in a log of several programs, one of which uses another charset. */
function isMostlyUtf8(sample: Buffer): boolean {
  const beyond = [...new TextDecoder().decode(sample)].filter((character) => character > "\x7f");
  const wrong = beyond.filter((character) => character === "\ufffd").length;
  return beyond.length > 4 * wrong;
}

/** The name that browsers use, which treat ISO 8859-1 as Windows-1252; null for charsets that they cannot read. */
function labelOf(name: string): string | null {
  if (/^(utf|iso-2022)/i.test(name)) return null;
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return null;
  }
}

function pairCharsetOf(sample: Buffer): string | null {
  let best: { readonly label: string; readonly share: number } | null = null;
  for (const { label, isFrequent } of PAIR_CHARSETS) {
    const { frequent, others } = countPairs(sample, isFrequent);
    const share = label === "euc-jp" ? kanaShare(frequent, others) : frequent / (frequent + others);
    const isHangul = label === "euc-kr" && others === 0 && frequent >= HANGUL_PAIRS;
    const isBetter = share > (best?.share ?? MOSTLY) || (share >= MOSTLY && best === null) || isHangul;
    if (isBetter && (label !== "euc-kr" || isHangul) && decodes(sample, label)) best = { label, share };
  }
  return best?.label ?? null;
}

/** At least a third of a Japanese text is kana; Chinese and Korean texts have next to none. */
const kanaShare = (kana: number, others: number): number => (kana / (kana + others) > 0.3 ? 1 : 0);

function countPairs(sample: Buffer, isFrequent: PairCharset["isFrequent"]) {
  let frequent = 0;
  let others = 0;
  for (let at = 0; at < sample.length; at++) {
    const lead = sample[at] ?? 0;
    if (lead < 0x80) continue;
    if (isFrequent(lead, sample[++at] ?? 0)) frequent += 1;
    else others += 1;
  }
  return { frequent, others };
}

/** Whether all of it is valid in a charset, except for an incomplete character at the end. */
function decodes(sample: Buffer, label: string): boolean {
  for (const cut of [0, 1]) {
    try {
      const text = new TextDecoder(label, { fatal: true }).decode(sample.subarray(0, sample.length - cut));
      return !/[\u0080-\u009f\ue000-\uf8ff]/.test(text);
    } catch {
      // the next one
    }
  }
  return false;
}
