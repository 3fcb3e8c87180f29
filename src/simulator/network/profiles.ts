/** What a network does to packets, the same in both directions. Times in milliseconds, ratios 0..1. */
export interface NetworkProfile {
  /** Long-run share of packets that are lost. */
  readonly lossRatio: number;
  /** Mean number of packets lost in a row (Gilbert-Elliott model); 1 is loss without memory. */
  readonly lossBurst: number;
  readonly delayMs: number;
  /** Each packet's delay is spread evenly over `delayMs` ± `jitterMs`. Packets keep their order. */
  readonly jitterMs: number;
  readonly duplicateRatio: number;
  /** Share of packets that are held back by `reorderMs`, so that later ones overtake them. */
  readonly reorderRatio: number;
  readonly reorderMs: number;
  /** Now and then the path stalls for this long; what it held arrives at once. 0 = never. */
  readonly spikeMs: number;
  /** A stall comes after a number of packets drawn evenly from this range (50 packets are one second of sound). */
  readonly spikeEveryPackets: readonly [number, number];
}

const PERFECT: NetworkProfile = {
  lossRatio: 0,
  lossBurst: 1,
  delayMs: 0,
  jitterMs: 0,
  duplicateRatio: 0,
  reorderRatio: 0,
  reorderMs: 0,
  spikeMs: 0,
  spikeEveryPackets: [1, 1],
};

/** The named networks. Numbers are for one direction; a round trip meets them twice. */
export const NETWORK_PROFILES = {
  /** Through the relay, untouched. */
  clean: PERFECT,
  /** A usual mobile connection: 1 % loss, 30 ± 10 ms, a rare duplicate. */
  moderate: { ...PERFECT, lossRatio: 0.01, delayMs: 30, jitterMs: 10, duplicateRatio: 0.002 },
  /** Another continent: 2 % loss, 120 ± 25 ms, some packets overtaken. */
  international: {
    ...PERFECT,
    lossRatio: 0.02,
    lossBurst: 1.5,
    delayMs: 120,
    jitterMs: 25,
    duplicateRatio: 0.005,
    reorderRatio: 0.005,
    reorderMs: 45,
  },
  /** Bad radio: 3 % loss that comes four packets at a time, 50 ± 15 ms. */
  bursty: { ...PERFECT, lossRatio: 0.03, lossBurst: 4, delayMs: 50, jitterMs: 15 },
  /** A filled-up buffer on the way: no loss to speak of, 40 ± 5 ms, a stall of 200 ms every 3 to 5 seconds. */
  spiky: { ...PERFECT, lossRatio: 0.002, delayMs: 40, jitterMs: 5, spikeMs: 200, spikeEveryPackets: [150, 250] },
} as const satisfies Record<string, NetworkProfile>;

export type NetworkProfileName = keyof typeof NETWORK_PROFILES;

export const NETWORK_PROFILE_NAMES = Object.keys(NETWORK_PROFILES) as readonly NetworkProfileName[];
