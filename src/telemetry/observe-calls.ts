import type { CallIdentity, CallPatch, TimelineEvent } from '../call/index.ts';
import type { Logger } from './logger.ts';

/** The part of the runtime's observer that is logged. */
export interface CallObserver {
  onTimeline?(identity: CallIdentity, event: TimelineEvent): void;
  onUpdated?(identity: CallIdentity, patch: CallPatch): void;
  onIgnored?(callId: string, what: string, why: string): void;
}

/** What agents and callers said is in the timeline, not in the log of the service. */
const UNLOGGED = new Set(['transcript', 'agent_message']);

/** Each hop of a call from agent to agent, and why. */
const TROUBLE = new Set(['agent_failed', 'agent_reconnecting', 'agent_skipped', 'transfer_failed']);

/** Logs the life of calls by our own call id, and passes everything on to `next`. */
export function observeCalls(logger: Logger, next: CallObserver = {}): CallObserver {
  return {
    onTimeline(identity, event) {
      const level = TROUBLE.has(event.type) ? 'warn' : 'debug';
      if (!UNLOGGED.has(event.type)) logger[level]({ call: identity.id, ...event.data }, event.type);
      next.onTimeline?.(identity, event);
    },
    onUpdated(identity, patch) {
      const { id: call, direction, phoneNumberId } = identity;
      const { status, ending, durationSeconds: seconds } = patch;
      if (ending !== undefined) {
        logger.info({ call, direction, phoneNumberId, status, ...ending, seconds }, 'call ended');
      } else if (status !== undefined && direction === 'outbound') {
        // A call that comes in shows in the log by what it brings; one that we place, by how far it has come.
        logger.info({ call, direction, phoneNumberId, status }, 'dial');
      }
      next.onUpdated?.(identity, patch);
    },
    onIgnored(callId, what, why) {
      logger.debug({ what, why }, 'ignored');
      next.onIgnored?.(callId, what, why);
    },
  };
}
