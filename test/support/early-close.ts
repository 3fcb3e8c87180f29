/** A process that opens a leg to an address where nobody answers, closes it while ICE looks for a way, and has no more to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { openAnsweringLeg } from '../../src/webrtc/index.ts';
import { LegLog, loopback } from './leg-pair.ts';
import { offerSdp } from './offer-sdp.ts';

const leg = await openAnsweringLeg(offerSdp(), loopback(), new LegLog());
await delay(50);
await leg.close();
