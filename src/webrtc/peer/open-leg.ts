import { randomBytes, randomUUID } from 'node:crypto';
import type { Leg, LegListener, LegNetwork } from '../leg.ts';
import { LegError } from '../leg-error.ts';
import { formatAnswer } from '../sdp/answer.ts';
import type { LocalDescription } from '../sdp/local-description.ts';
import { formatMetaOffer } from '../sdp/meta-offer.ts';
import { formatOffer } from '../sdp/offer.ts';
import { parseOffer, type RemoteDescription } from '../sdp/remote-description.ts';
import { sharedCertificate } from './certificate.ts';
import { IceAgent, type IceListener, type IceMode } from './ice-agent.ts';
import { asLegError, PeerLeg } from './peer-leg.ts';

export interface LegTimeouts {
  /** From the start of the checks to a nominated pair. */
  readonly iceTimeoutMs?: number;
  readonly dtlsTimeoutMs?: number;
}

export interface OfferingOptions extends LegTimeouts {
  /**
   * - `business` (default): our side of a call that the business starts: full ICE, controlling
   * - `meta`: WhatsApp's edge, for the simulator: ICE-lite and Meta's production offer
   */
  readonly role?: 'business' | 'meta';
}

/** Behind the call machine's own cap of 12 s, so that the machine decides. */
const ICE_TIMEOUT_MS = 15_000;
const DTLS_TIMEOUT_MS = 10_000;

/**
 * Opens the leg of a call that was offered to us. ICE begins at once; the gate stays closed until `ungate`.
 *
 * @throws LegError `bad_offer` with what is wrong in the offer, `no_port` when no socket could be bound
 */
export async function openAnsweringLeg(
  offerSdp: string,
  network: LegNetwork,
  listener: LegListener,
  options: LegTimeouts = {},
): Promise<Leg> {
  const offer = parseOffer(offerSdp);
  requireReachable(offer, network);
  // The offerer controls, unless it is ICE-lite (RFC 8445 §6.1.1); Meta's edge is.
  const opening = { mode: 'full', controlling: offer.iceLite } as const;
  const leg = await openLeg(network, listener, options, opening, (local) => formatAnswer(local, offer));
  leg.start(offer, 'client');
  return leg;
}

/**
 * Opens a leg that offers; `localSdp` is the offer, and `applyAnswer` starts it.
 *
 * @throws LegError `no_port` when no socket could be bound
 */
export async function openOfferingLeg(
  network: LegNetwork,
  listener: LegListener,
  options: OfferingOptions = {},
): Promise<Leg> {
  if (options.role === 'meta') {
    const opening = { mode: 'lite', controlling: false } as const;
    return openLeg(network, listener, options, opening, (local) => formatMetaOffer(local, Date.now()));
  }
  return openLeg(network, listener, options, { mode: 'full', controlling: true }, formatOffer);
}

async function openLeg(
  network: LegNetwork,
  listener: LegListener,
  timeouts: LegTimeouts,
  opening: { readonly mode: IceMode; readonly controlling: boolean },
  format: (local: LocalDescription) => string,
): Promise<PeerLeg> {
  const openedAt = performance.now();
  // ICE needs somebody to tell before there is a leg; nothing comes before the leg starts.
  let leg: PeerLeg | null = null;
  const relay: IceListener = {
    onMedia: (datagram) => leg?.onMedia(datagram),
    onDtls: (datagram) => leg?.onDtls(datagram),
    onLost: () => leg?.onLost(),
  };
  let ice: IceAgent | null = null;
  try {
    const certificate = await sharedCertificate();
    ice = await IceAgent.gather(network, opening.mode, opening.controlling, relay);
    const ssrc = randomBytes(4).readUInt32BE() || 1;
    const cname = randomUUID();
    const localSdp = format({
      sessionId: randomBytes(6).readUIntBE(0, 6).toString(),
      iceUfrag: ice.ufrag,
      icePwd: ice.pwd,
      fingerprint: certificate.fingerprint,
      ssrc,
      cname,
      candidates: ice.candidates,
    });
    leg = new PeerLeg({
      localSdp,
      ice,
      certificate,
      ssrc,
      cname,
      ipv6: network.ipv6,
      listener,
      openedAt,
      iceTimeoutMs: timeouts.iceTimeoutMs ?? ICE_TIMEOUT_MS,
      dtlsTimeoutMs: timeouts.dtlsTimeoutMs ?? DTLS_TIMEOUT_MS,
    });
    return leg;
  } catch (error) {
    await ice?.close();
    throw asLegError(error);
  }
}

/** An ICE-lite side never comes to us, so it must name an address that we can go to. */
function requireReachable(offer: RemoteDescription, network: LegNetwork): void {
  const usable = offer.candidates.some(({ host }) => network.ipv6 || !host.includes(':'));
  if (offer.iceLite && !usable) {
    throw new LegError('bad_offer', `no a=candidate with a UDP ${network.ipv6 ? 'IP' : 'IPv4'} address`);
  }
}
