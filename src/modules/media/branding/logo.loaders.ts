import type { Database } from "../../../platform/database/client.js";
import { inOrderOf, perRequest } from "../../../platform/graphql/loaders.js";
import type { ViewerContext } from "../../identity/viewer.js";
import type { DownloadUrls } from "../download-urls.js";
import type { LogoView } from "./logo.repository.js";
import { listLogos } from "./logo.repository.js";

/** The variants of a logo, by the names of their presets. */
export type LogoVariant = "logo" | "logo-thumbnail" | "favicon";

export type LogoLoaders = ReturnType<typeof createLogoLoaders>;

export function createLogoLoaders({ db, urls }: { readonly db: Database; readonly urls: DownloadUrls }) {
  const ofCompany = perRequest<ViewerContext, string, LogoView | null>(async (_context, ids) =>
    inOrderOf(ids, await listLogos(db, ids), (logo) => logo.companyId),
  );
  return {
    /** The public URL of a variant of a company's logo; null without a logo, and until it is rendered. */
    async url(context: ViewerContext, companyId: string, variant: LogoVariant): Promise<string | null> {
      const logo = await ofCompany(context).load(companyId);
      const sha256 = logo?.variants[variant];
      return logo && sha256 ? urls.publicVariant(context, logo, { name: variant, sha256 }) : null;
    },
  };
}
