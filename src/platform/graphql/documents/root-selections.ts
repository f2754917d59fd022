import type { DocumentNode, SelectionNode, SelectionSetNode } from "graphql";
import { Kind } from "graphql";

/** The selections at the root of an operation: its fields, its fragments, and what is at their roots. */
export function rootSelections(document: DocumentNode, root: SelectionSetNode): SelectionNode[] {
  const found: SelectionNode[] = [];
  const seen = new Set([root]);
  // The loop also visits sets that are added meanwhile.
  for (const { selections } of seen)
    for (const selection of selections) {
      found.push(selection);
      if (selection.kind === Kind.INLINE_FRAGMENT) seen.add(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        for (const each of document.definitions)
          if (each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value)
            seen.add(each.selectionSet);
    }
  return found;
}
