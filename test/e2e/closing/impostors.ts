import type { HandsetFactory, RungHandsetFactory } from '../../../src/simulator/index.ts';
import { type Leg, openAnsweringLeg, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { LegLog, loopback } from '../../support/leg-pair.ts';

/** A phone that calls, with a certificate other than the one it announces. */
export const impostor: HandsetFactory = async () => {
  const leg = await openOfferingLeg(loopback(), new LegLog(), { role: 'meta' });
  const applyAnswer = (sdp: string) => leg.applyAnswer(sdp);
  return { offer: forged(leg), applyAnswer, accepted: () => {}, close: () => leg.close() };
};

/** The same of a phone that is called. */
export const rungImpostor: RungHandsetFactory = async (offer) => {
  const leg = await openAnsweringLeg(offer, loopback(), new LegLog(), { role: 'meta' });
  return { answer: forged(leg), pickedUp: () => {}, close: () => leg.close() };
};

function forged({ localSdp }: Leg): string {
  return localSdp.replace(/(a=fingerprint:sha-256 )..:..:../, '$1DE:CE:17');
}
