/** Collation ids in handshakes and column definitions that have a fixed meaning. */
export const CHARSET = {
  latin1SwedishCi: 8,
  asciiGeneralCi: 11,
  utf8mb3GeneralCi: 33,
  utf8mb4GeneralCi: 45,
  binary: 63,
  utf8mb40900AiCi: 255,
} as const;
