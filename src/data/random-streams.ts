/**
 * The sequences that the data layer draws from one seed, so that no two uses share numbers. An epoch's order is stream
 * `epochOrder + epoch`; the others are one stream each. Models draw from streams below 0x10000000.
 */
export const randomStreams = {
  epochOrder: 0x10000000,
  negatives: 0x20000000,
  userSplit: 0x20000001,
  plantedLog: 0x20000002,
  interactionSplit: 0x20000003,
  targets: 0x20000004,
} as const;
