const field = (what: string) => ({
  nullable: true,
  description: `Absolute URL of ${what}, for everybody; null without a logo, and until it is rendered.`,
});

// A company shows the same to its people as to everybody.
export const LOGO = field("the logo, 400 pixels wide and high at most");
export const LOGO_THUMBNAIL = field("the logo's middle in a square of 64 pixels");
export const FAVICON = field("the logo as a favicon of 32 pixels");
