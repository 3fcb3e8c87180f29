import type { SimulatedCall } from '../simulated-call.ts';

/** What a page hears about its call. */
export type CallEvent =
  /** A call of the page: the connect webhook is on its way. A call of the business: the phone rings. */
  | { readonly type: 'ringing' }
  | { readonly type: 'webhook_answered' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'accepted' }
  /** `why` is a sentence for the person. Nothing comes after it. */
  | { readonly type: 'ended'; readonly why: string };

/** A page that hung up does not read this, so the end by the user is that of the simulated WhatsApp. */
export function whyEnded(call: SimulatedCall | null): string {
  const passed = (type: string) => call?.timeline.some((entry) => entry.type === type) ?? false;
  const incoming = call?.direction === 'outbound';
  switch (call?.endedBy) {
    case 'business':
      if (passed('accepted')) return 'The other side hung up.';
      if (incoming) return 'Missed call: the other side gave up.';
      return 'The call was rejected before it was answered. Is the agent running?';
    case 'meta':
      if (incoming) return 'Missed call: it rang for too long.';
      if (passed('webhook_answered')) return 'Nobody answered the call in time.';
      return 'The bridge could not be reached. Is it running?';
    default:
      return 'The simulated WhatsApp has gone.';
  }
}
