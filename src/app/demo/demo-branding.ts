import sharp from "sharp";

/** Drawn emblems, free of third-party rights. The background is transparent. */
const LOGOS: Readonly<Record<string, string>> = {
  acme: `<circle cx="256" cy="256" r="240" fill="#1f3a5f"/>
    <path d="M330 110a96 96 0 1 0 40 150a120 120 0 0 1-40-150z" fill="#ffd97a"/>
    <rect x="112" y="236" width="24" height="160" fill="#fff"/>
    <rect x="112" y="316" width="288" height="40" rx="8" fill="#fff"/>
    <rect x="376" y="316" width="24" height="80" fill="#fff"/>
    <rect x="148" y="270" width="84" height="46" rx="16" fill="#bfe0ef"/>`,
  globex: `<rect x="16" y="16" width="480" height="480" rx="96" fill="#0c7c59"/>
    <g fill="none" stroke="#fff" stroke-width="20"><circle cx="256" cy="256" r="150"/>
      <ellipse cx="256" cy="256" rx="64" ry="150"/><path d="M106 256h300"/></g>
    <path d="M300 150h126v126l-42-42-84 84-42-42 84-84z" fill="#ffb35c"/>`,
};

/** A company's logo, 512 pixels wide and high; null for a company that has none. */
export async function demoLogo(slug: string): Promise<Buffer | null> {
  const drawing = LOGOS[slug];
  return drawing ? draw(512, drawing).png().toBuffer() : null;
}

interface Face {
  readonly ground: string;
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
}

const FACES = {
  manager: { ground: "#d8e2dc", skin: "#f1c9a5", hair: "#6b4226", shirt: "#9d4edd" },
  agent: { ground: "#ffe5d9", skin: "#c68642", hair: "#1b1b1b", shirt: "#2a9d8f" },
  customer: { ground: "#cfe8f3", skin: "#ffdbac", hair: "#b5651d", shirt: "#e76f51" },
} as const satisfies Record<string, Face>;

/** Accounts with an avatar; the others demonstrate a person without one. */
export const WITH_AVATAR = Object.keys(FACES) as (keyof typeof FACES)[];

/** A face as an avatar, 400 pixels wide and high. */
export function demoFace(account: keyof typeof FACES): Promise<Buffer> {
  const { ground, skin, hair, shirt } = FACES[account];
  return draw(
    400,
    `<rect width="400" height="400" fill="${ground}"/>
    <path d="M40 400a160 130 0 0 1 320 0z" fill="${shirt}"/>
    <rect x="168" y="230" width="64" height="80" rx="30" fill="${skin}"/>
    <ellipse cx="200" cy="180" rx="84" ry="100" fill="${skin}"/>
    <path d="M108 190a92 120 0 0 1 184 0c-20-50-50-66-92-66s-72 16-92 66z" fill="${hair}"/>
    <circle cx="170" cy="188" r="8" fill="#333"/><circle cx="230" cy="188" r="8" fill="#333"/>
    <path d="M170 226q30 26 60 0" fill="none" stroke="#333" stroke-width="7" stroke-linecap="round"/>`,
  )
    .jpeg({ quality: 85 })
    .toBuffer();
}

const draw = (side: number, drawing: string) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 ${side} ${side}">${drawing}</svg>`,
    ),
  );
