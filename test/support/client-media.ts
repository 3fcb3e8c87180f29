import type { RungHandsetFactory } from '../../src/simulator/index.ts';
import { OPUS_SILENCE, openAnsweringLeg, openOfferingLeg } from '../../src/webrtc/index.ts';
import { bothConnected, type LegEnd, LegLog, loopback } from './leg-pair.ts';

/**
 * A client that has the media of its own call, and the phone that it rings. Their sound never comes near the bridge: what
 * passes there is the offer, in Graph's connect.
 */
export class ClientMedia {
  readonly offer: string;
  /** For the manners of the user who is called. */
  readonly handset: RungHandsetFactory;
  readonly #ends: LegEnd[];

  private constructor(client: LegEnd) {
    this.offer = client.leg.localSdp;
    this.#ends = [client];
    this.handset = async (offer) => {
      const log = new LegLog();
      const leg = await openAnsweringLeg(offer, loopback(), log, { role: 'meta' });
      this.#ends.push({ leg, log });
      // The client hears of it by a webhook of its own.
      await client.leg.applyAnswer(leg.localSdp);
      return { answer: leg.localSdp, pickedUp: () => {}, close: () => leg.close() };
    };
  }

  static async open(): Promise<ClientMedia> {
    const log = new LegLog();
    return new ClientMedia({ leg: await openOfferingLeg(loopback(), log), log });
  }

  /** Of a call that was picked up: resolves when each has heard the other. */
  async talk(): Promise<void> {
    await bothConnected(this.#ends);
    for (const { leg } of this.#ends) {
      leg.ungate();
      leg.sendAudio(OPUS_SILENCE, true);
    }
    await Promise.all(this.#ends.map(({ log }) => log.until(({ audio }) => audio.length > 0)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#ends.map(({ leg }) => leg.close()));
  }
}
