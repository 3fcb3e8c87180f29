import type { WireRates } from '../agents/index.ts';
import type { CallQuality } from '../call/index.ts';
import { createOpusDecoder, createOpusEncoder, type OpusDecoder, type OpusEncoder } from '../webrtc/index.ts';
import { Hearing } from './hearing.ts';
import { Speaking } from './speaking.ts';

/** Codecs that are ready to take their place; null for the one that is as it must be. */
export interface SpareCodecs {
  readonly rates: WireRates;
  readonly decoder: OpusDecoder | null;
  readonly encoder: OpusEncoder | null;
}

type Losses = Pick<CallQuality, 'remoteLossRatio' | 'packetsLost' | 'packetsReceived'>;

/**
 * The sound of one call between Opus and PCM at the agent's rates. libopus works at them directly, so nothing is resampled.
 * Without codecs, as it is at first, the caller's packets are passed over and the phone gets silence.
 */
export class SoundPath {
  readonly hearing = new Hearing();
  readonly speaking = new Speaking();

  /**
   * Makes the codecs that are missing for `rates`, without a change to what is heard: they come into effect by `use`, at
   * once; those that are not used have to be closed.
   */
  async prepare(rates: WireRates): Promise<SpareCodecs> {
    const { hearing, speaking } = this;
    const speaks = speaking.hasEncoder && speaking.rate === rates.agentRate;
    const encoder = speaks ? null : await createOpusEncoder(rates.agentRate);
    try {
      const hears = hearing.rate === rates.callerRate;
      return { rates, encoder, decoder: hears ? null : await createOpusDecoder(rates.callerRate) };
    } catch (error) {
      encoder?.close();
      throw error;
    }
  }

  /**
   * Makes both codecs for `rates`, whatever is in use: for an agent that may take over when others have come and gone.
   */
  async makeSpare(rates: WireRates): Promise<SpareCodecs> {
    const encoder = await createOpusEncoder(rates.agentRate);
    try {
      return { rates, encoder, decoder: await createOpusDecoder(rates.callerRate) };
    } catch (error) {
      encoder.close();
      throw error;
    }
  }

  /** Those that are not needed are closed: a codec in use goes on without a break at the same rate. */
  use({ rates, decoder, encoder }: SpareCodecs): void {
    if (decoder !== null && this.hearing.rate === rates.callerRate) decoder.close();
    else if (decoder !== null) this.hearing.use(decoder, rates.callerRate);
    if (encoder !== null && this.speaking.hasEncoder && this.speaking.rate === rates.agentRate) encoder.close();
    else if (encoder !== null) this.speaking.use(encoder, rates.agentRate);
  }

  /**
   * Prepares the encoder for the loss that the phone reports; without reports, for the loss of the other direction. In-band
   * FEC costs fidelity, so it is only bought where packets are lost.
   */
  expectLoss({ remoteLossRatio, packetsLost, packetsReceived }: Losses): void {
    const inbound = packetsLost / Math.max(1, packetsLost + packetsReceived);
    this.speaking.expectLoss(Math.min(100, Math.round(100 * (remoteLossRatio ?? inbound))));
  }

  close(): void {
    this.hearing.close();
    this.speaking.close();
  }
}

export function closeSpare({ decoder, encoder }: SpareCodecs): void {
  decoder?.close();
  encoder?.close();
}
