const field = (what: string) => ({
  nullable: true,
  description: `Absolute URL of ${what}, readable by everybody; null without a logo, and until it is rendered.`,
});

// Members see the same logo as everybody.
export const LOGO = field("the logo, at most 400 pixels wide and high");
export const LOGO_THUMBNAIL = field("the centre of the logo as a square of 64 pixels");
export const FAVICON = field("the logo as a favicon of 32 pixels");
