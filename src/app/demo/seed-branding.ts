import type { Viewer } from "../../modules/identity/viewer.js";
import type { Services } from "../wiring/services.js";
import { demoFace, demoLogo, WITH_AVATAR } from "./demo-branding.js";
import { files } from "./demo-files.js";
import type { SeedProgress } from "./seed-progress.js";

/** Sets a demo company's logo, and the avatars of some of its people. */
export async function seedBranding(
  { brandingImages, avatars }: Services,
  company: { readonly id: string; readonly slug: string },
  cast: Readonly<Record<(typeof WITH_AVATAR)[number], Viewer>>,
  { pictured }: Pick<SeedProgress, "pictured">,
): Promise<void> {
  const setLogo = async () => {
    const bytes = pictured.has(company.id) ? null : await demoLogo(company.slug);
    if (bytes)
      await brandingImages.setImage(
        cast.manager,
        { companyId: company.id, image: "logo" },
        files({ name: `${company.slug}.png`, bytes }),
      );
  };
  const setAvatar = async (account: (typeof WITH_AVATAR)[number]) => {
    const viewer = cast[account];
    if (viewer.kind !== "user" || pictured.has(viewer.id)) return;
    await avatars.setAvatar(viewer, files({ name: `${account}.jpg`, bytes: await demoFace(account) }));
  };
  await Promise.all([setLogo(), ...WITH_AVATAR.map(setAvatar)]);
}
