/**
 * How one collation of MySQL or MariaDB compares text. Two texts are equal under it if and only
 * if their sort keys are equal, and sort keys compared by UTF-16 unit (`<`) order as it does;
 * padding with spaces is part of the key.
 */
export interface Collator {
  readonly name: string;
  /** PAD SPACE: texts compare as if the shorter one went on with spaces. */
  readonly padSpace: boolean;
  sortKey(text: string): string;
  /**
   * What one character by itself compares by: two characters are alike (as LIKE sees them) if and
   * only if these are equal.
   */
  characterKey(codePoint: number): string;
}
