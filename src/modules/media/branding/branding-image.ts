import type { Bucket } from "../buckets.js";
import type { FileField } from "../file-field.repository.js";

/** The images of a company's branding, by the names of the fields that hold them. */
export const BRANDING_IMAGES = ["logo", "login-background", "navigation-background"] as const;

export type BrandingImage = (typeof BRANDING_IMAGES)[number];

/** A logo has sizes of its own; a background is shown like a picture of a page. */
export const bucketOf = (image: BrandingImage): Bucket =>
  image === "logo" ? "COMPANY_LOGOS" : "PUBLIC_PAGES";

/** The usage that makes a file an image of a company's branding. */
export const brandingField = (companyId: string, image: BrandingImage): FileField => ({
  resourceType: "company",
  resourceId: companyId,
  fieldName: image,
});
