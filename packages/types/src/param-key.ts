/**
 * The canonical key of one cache entry. Every way a parameter can arrive (literal in the text,
 * text or binary Bind, an EXECUTE) ends in the same key, so all drivers share one entry.
 *
 * A parameter's canonical form is a *byte string*: a JavaScript string whose char codes are the
 * bytes (latin1) of the value's canonical text. A list parameter (IN, = ANY) is the sorted,
 * de-duplicated array of its elements' forms. NULL is null.
 */
export type CanonicalParam = string | null | readonly (string | null)[];

/** Not a byte, so no value can look like it. */
const NULL_MARK = "\u0100";

export function encodeParamKey(params: readonly CanonicalParam[]): string {
  if (params.length === 1 && typeof params[0] === "string") return params[0];
  let key = "";
  for (const param of params) {
    if (param === null) key += NULL_MARK;
    else if (typeof param === "string") key += `${param.length}:${param}`;
    else {
      key += `[${param.length}]`;
      for (const element of param) {
        key += element === null ? NULL_MARK : `${element.length}:${element}`;
      }
    }
  }
  return key;
}
