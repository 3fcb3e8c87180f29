/**
 * One media leg of a call: the SDP rules of WhatsApp, ICE and DTLS by werift, and a packet path of our own for SRTP, RTP,
 * RTCP and DTMF. A leg is made by `openAnsweringLeg` (a call that comes in) or `openOfferingLeg` (a call that goes out, and
 * the simulator's phone); it tells everything to its listener and holds nothing after `close`.
 */

export { createOpusDecoder, type OpusDecoder } from './codec/opus-decoder.ts';
export { createOpusEncoder, type OpusBackend, type OpusEncoder, opusBackend } from './codec/opus-encoder.ts';
export { OPUS_SILENCE } from './codec/opus-silence.ts';
export { FrameClock } from './frame-clock.ts';
export type { IceServer, Leg, LegListener, LegNetwork, LegStats } from './leg.ts';
export { LegError } from './leg-error.ts';
export {
  type AnsweringOptions,
  type LegTimeouts,
  type OfferingOptions,
  openAnsweringLeg,
  openOfferingLeg,
} from './peer/open-leg.ts';
export type { DtlsSetup } from './sdp/remote-description.ts';
