export function findLeaks(
  lines: Iterable<string>,
  secrets: Iterable<string>,
): { readonly what: string; readonly line: string }[];
