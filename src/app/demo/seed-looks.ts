import type { Viewer } from "../../modules/identity/viewer.js";
import type { Services } from "../services.js";
import { files } from "./demo-files.js";
import { demoFace, demoLogo, FACED } from "./demo-looks.js";

/** Gives a demo company a logo, and faces to some of its people. */
export async function seedLooks(
  { logos, avatars }: Services,
  company: { readonly id: string; readonly slug: string },
  cast: Readonly<Record<(typeof FACED)[number], Viewer>>,
): Promise<void> {
  const setLogo = async () => {
    const bytes = await demoLogo(company.slug);
    if (bytes)
      await logos.setCompanyLogo(cast.manager, company.id, files({ name: `${company.slug}.png`, bytes }));
  };
  const setAvatar = async (account: (typeof FACED)[number]) =>
    avatars.setAvatar(cast[account], files({ name: `${account}.jpg`, bytes: await demoFace(account) }));
  await Promise.all([setLogo(), ...FACED.map(setAvatar)]);
}
