/** Names and bounds of the protocol "talkwire raw v1". docs/protocol.md states every one of them. */
export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'talkwire.raw.v1';

/** Largest control message, bytes: JSON is parsed on the thread that carries everybody's sound. */
export const MAX_CONTROL_BYTES = 64 * 1024;
/** Invalid messages an agent may send on one connection; the next one ends it. */
export const MAX_REFUSED_MESSAGES = 100;
/** Vonage `notify` messages waiting for their sound. */
export const MAX_PENDING_NOTIFIES = 1000;
