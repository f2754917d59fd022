/** A signed URL whose signature differs in one character: never the one that it had, whatever that was. */
export const withChangedSignature = (url: string): string =>
  url.replace(/signature=(.)/, (_whole, first: string) => `signature=${first === "_" ? "-" : "_"}`);
