/** Lists of items in the texts of a column, taken apart in SQL. */
import { listSeparator } from "./table-columns-file.ts";

const separators = ` ,;|[]()''"${listSeparator}`;

/** A regular expression for what stands between two items, or around them. */
export const betweenItems = `[\\s,;|\\[\\]()''"${listSeparator}]+`;

/** The text without what stands around the list. */
export const listText = (column: string): string => `trim(coalesce(${column}, ''), '${separators}')`;

/** The items in the text of a list. */
export const listItems = (column: string): string => `string_split_regex(${listText(column)}, '${betweenItems}')`;

/** A list without its padding, the item 0; few have any to look for item by item. */
export const withoutPadding = (
  list: string,
): string => `CASE WHEN list_contains(${list}, '') OR list_contains(${list}, '0')
  THEN list_filter(${list}, item -> item NOT IN ('', '0')) ELSE ${list} END`;
