/**
 * Longer statements could nest so deep that a parser runs out of stack. IN lists do not nest: a
 * shape, where they are one mark, is what counts.
 */
export const SHAPE_LIMIT_BYTES = 16 * 1024;
export const TEXT_LIMIT_BYTES = 512 * 1024;
