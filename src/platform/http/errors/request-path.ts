/** The path of a request, without the query, which may contain a signature. */
export const requestPath = ({ url }: { readonly url: string }): string => url.split("?", 1)[0] ?? "";
