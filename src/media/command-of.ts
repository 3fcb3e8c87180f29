import type { CallIdentity, MediaEffect } from '../call/index.ts';
import type { MediaCommand } from './protocol.ts';

/** What a media thread is told for an effect of the call machine. */
export function commandOf(identity: CallIdentity, effect: MediaEffect): MediaCommand {
  const key = identity.id;
  switch (effect.type) {
    case 'media.open': {
      const { offer, firstMediaTimeoutMs, mediaGapTimeoutMs } = effect;
      return { type: 'open', key, offer, identity, firstMediaTimeoutMs, mediaGapTimeoutMs };
    }
    case 'media.offer': {
      const { firstMediaTimeoutMs, mediaGapTimeoutMs, hearEarly } = effect;
      return { type: 'offer', key, identity, firstMediaTimeoutMs, mediaGapTimeoutMs, hearEarly };
    }
    case 'media.answer':
      return { type: 'answer', key, sdp: effect.sdp };
    case 'media.ungate':
      return { type: 'ungate', key };
    case 'media.play':
      return { type: 'play', key, prompt: effect.prompt };
    case 'media.announce': {
      const { id, prompt, interrupt } = effect;
      return { type: 'announce', key, id, prompt, interrupt };
    }
    case 'media.drain':
      return { type: 'drain', key };
    case 'media.close':
      return { type: 'close', key, reason: effect.ending.reason };
    case 'agent.connect':
      return {
        type: 'agent.connect',
        key,
        seat: effect.seat,
        identity,
        agent: effect.agent,
        reconnectAttempts: effect.reconnectAttempts,
      };
    case 'agent.prepare': {
      const { seat, agent, reconnectAttempts } = effect;
      return { type: 'agent.prepare', key, seat, identity, agent, reconnectAttempts };
    }
    case 'agent.switch':
    case 'agent.drop':
      return { type: effect.type, key, seat: effect.seat };
    case 'agent.start':
      return { type: 'agent.start', key };
    case 'agent.close':
      return { type: 'agent.close', key, reason: effect.ending.reason };
    default:
      return effect satisfies never;
  }
}
