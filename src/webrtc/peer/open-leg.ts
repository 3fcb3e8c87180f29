import { randomBytes, randomUUID } from 'node:crypto';
import type { Leg, LegListener, LegNetwork } from '../leg.ts';
import { formatAnswer } from '../sdp/answer.ts';
import type { LocalDescription } from '../sdp/local-description.ts';
import { formatMetaAnswer } from '../sdp/meta-answer.ts';
import { formatMetaOffer } from '../sdp/meta-offer.ts';
import { formatOffer } from '../sdp/offer.ts';
import { type DtlsSetup, parseOffer } from '../sdp/remote-description.ts';
import { sharedCertificate } from './certificate.ts';
import { IceAgent, type IceListener, type IceMode } from './ice-agent.ts';
import { asLegError, PeerLeg } from './peer-leg.ts';
import { requireReachable } from './require-reachable.ts';

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

export interface AnsweringOptions extends LegTimeouts {
  /**
   * - `business` (default): our side of a call that a user makes: full ICE, the DTLS client
   * - `meta`: WhatsApp's edge, for the simulator: ICE-lite and Meta's answer
   */
  readonly role?: 'business' | 'meta';
  /** What the answer of role `meta` says; with anything but `active` it is the DTLS server. Default `active`. */
  readonly setup?: DtlsSetup;
}

/** Behind the call machine's own cap of 12 s, so that the machine decides. */
const ANSWERING: Required<LegTimeouts> = { iceTimeoutMs: 15_000, dtlsTimeoutMs: 10_000 };
/**
 * As long as a phone may ring and a little more: nobody says that Meta's edge has to finish either before the phone is picked
 * up, and from then on the machine's own cap holds.
 */
const OFFERING: Required<LegTimeouts> = { iceTimeoutMs: 120_000, dtlsTimeoutMs: 120_000 };

/**
 * Opens the leg of a call that was offered to us. ICE begins at once; the gate stays closed until `ungate`.
 *
 * @throws LegError `bad_offer` with what is wrong in the offer, `no_port` when no socket could be bound
 */
export async function openAnsweringLeg(
  offerSdp: string,
  network: LegNetwork,
  listener: LegListener,
  options: AnsweringOptions = {},
): Promise<Leg> {
  const offer = parseOffer(offerSdp);
  requireReachable(offer, network.ipv6);
  const timeouts = { ...ANSWERING, ...options };
  if (options.role === 'meta') {
    const { setup = 'active' } = options;
    const opening = { mode: 'lite', controlling: false } as const;
    const leg = await openLeg(network, listener, timeouts, opening, (local) =>
      formatMetaAnswer(local, offer, setup, Date.now()),
    );
    leg.start(offer, setup === 'active' ? 'client' : 'server');
    return leg;
  }
  // The offerer controls, unless it is ICE-lite (RFC 8445 §6.1.1); Meta's edge is.
  const opening = { mode: 'full', controlling: offer.iceLite } as const;
  const leg = await openLeg(network, listener, timeouts, opening, (local) => formatAnswer(local, offer));
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
  const timeouts = { ...OFFERING, ...options };
  if (options.role === 'meta') {
    const opening = { mode: 'lite', controlling: false } as const;
    return openLeg(network, listener, timeouts, opening, (local) => formatMetaOffer(local, Date.now()));
  }
  return openLeg(network, listener, timeouts, { mode: 'full', controlling: true }, formatOffer);
}

async function openLeg(
  network: LegNetwork,
  listener: LegListener,
  timeouts: Required<LegTimeouts>,
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
      iceTimeoutMs: timeouts.iceTimeoutMs,
      dtlsTimeoutMs: timeouts.dtlsTimeoutMs,
    });
    return leg;
  } catch (error) {
    await ice?.close();
    throw asLegError(error);
  }
}
