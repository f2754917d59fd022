const field = (what: string, until: string) => ({
  nullable: true,
  description: `Absolute URL of ${what}, readable by everybody; null without ${until}, and until it is rendered.`,
});

export const LOGO = field("the logo, at most 400 pixels wide and high", "a logo");
export const LOGO_THUMBNAIL = field(
  "the centre of the logo as a square of 64 pixels, enlarged if the logo is smaller",
  "a logo",
);
export const FAVICON = field(
  "the centre of the logo as a favicon of 32 pixels, enlarged if the logo is smaller",
  "a logo",
);
export const LOGIN_BACKGROUND = field(
  "the picture behind the page for signing in, at most 1,200 pixels wide and high",
  "one",
);
export const NAVIGATION_BACKGROUND = field(
  "the picture behind the navigation, at most 1,200 pixels wide and high",
  "one",
);
