/** Names and bounds of the protocol "talkwire raw v1". docs/protocol.md states every one of them. */
export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = 'talkwire.raw.v1';

/** Length of one frame of caller sound, milliseconds. */
export const FRAME_MS = 20;

/** Largest websocket message the bridge takes from an agent, bytes. Seconds of sound at once are fine, files are not. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Largest control message, bytes: JSON is parsed on the thread that carries everybody's sound. */
export const MAX_CONTROL_BYTES = 64 * 1024;
/** Control messages waiting for an agent that does not read, bytes. */
export const MAX_UNREAD_CONTROL_BYTES = 1024 * 1024;
/** Invalid messages an agent may send in one call; the next one ends it. */
export const MAX_REFUSED_MESSAGES = 100;
/** Vonage `notify` messages waiting for their sound. */
export const MAX_PENDING_NOTIFIES = 1000;

/** Caller sound that may wait for an agent that does not read; beyond it frames are dropped (agent-protocols.md §3). */
export const MAX_UNREAD_AUDIO_MS = 500;
/** Frames flow again when this little is waiting, so that a slow reader hears long stretches and not every other frame. */
export const RESUME_UNREAD_AUDIO_MS = 250;
/** Dropped in one go, milliseconds, before the agent counts as stalled. */
export const STALLED_AFTER_MS = 5000;

export const PING_INTERVAL_MS = 5000;
/** Pings in a row without a sign of life: 15 s. */
export const MAX_UNANSWERED_PINGS = 3;

/** How long the agent has to answer a close before the socket is cut, milliseconds. */
export const CLOSE_TIMEOUT_MS = 500;
