/**
 * What rings up the bridge: the simulated phone, or a browser in a person's hand. It offers, takes the answer, and is told
 * when the business picked up. It does not know Graph or webhooks.
 */
export interface Handset {
  /** The SDP offer that the connect webhook carries. */
  readonly offer: string;
  /** The business's answer came, with pre_accept or with accept. Called once. Rejects if the answer cannot be used. */
  applyAnswer(sdp: string): Promise<void>;
  /** Accept succeeded: the call is picked up. Called synchronously before Graph answers the business. */
  accepted(): void;
  /** The call is over, whoever ended it. Idempotent. */
  close(): Promise<void>;
}

/** What the bridge rings up. It answers the offer while it rings, and is silent until it is picked up. */
export interface RungHandset {
  /** The SDP answer that the connect webhook carries. */
  readonly answer: string;
  /**
   * Somebody took the call, by the script or by `RungHandsetListener.onPickUp`: sound flows from now on. Called once,
   * before the business hears of it.
   */
  pickedUp(): void;
  /** The call is over, whoever ended it and whether or not it was picked up. Idempotent. */
  close(): Promise<void>;
}

/** How a handset reports back. Calls after the end of the call are ignored. */
export interface HandsetListener {
  /** ICE and DTLS are up. */
  onConnected(): void;
  /** First media of the business came. */
  onHeard(): void;
  /** All there was to say was said. */
  onSpoken(): void;
  /** The user hung up. */
  onHangUp(): void;
  /** WhatsApp gave the call up for want of media (meta-calling.md §5: none for 20 s at the start, 30 s later). */
  onDropped(silentMs: number): void;
  /** For the call's timeline. Never SDP, numbers or addresses. */
  onNote(type: string, data?: Readonly<Record<string, string | number | boolean>>): void;
}

/** What a person does with a phone that rings. The simulated phone does neither by itself: its call has the script. */
export interface RungHandsetListener extends HandsetListener {
  onPickUp(): void;
  /** Declined, not ignored. */
  onReject(): void;
}

/** Made anew for each call. */
export type HandsetFactory = (listener: HandsetListener) => Promise<Handset>;

/** Made anew for each call. Rejects with a LegError if no phone could use the offer, and otherwise if there is no phone. */
export type RungHandsetFactory = (offer: string, listener: RungHandsetListener) => Promise<RungHandset>;
