import type { Handset } from '../handset.ts';
import type { SimulatedCall } from '../simulated-call.ts';
import type { SimulatedWhatsApp } from '../whatsapp.ts';
import { type CallEvent, whyEnded } from './call-event.ts';
import type { PageLine } from './page-line.ts';

/**
 * Places the call of a page and tells it on `line` what happens. A page that goes away hangs up. Resolves when it rings.
 *
 * @param waId the user of the page
 */
export async function placePageCall(
  whatsapp: SimulatedWhatsApp,
  waId: string,
  offer: string,
  line: PageLine<CallEvent>,
): Promise<void> {
  let call: SimulatedCall | null = null;
  try {
    call = await whatsapp.call({
      user: { waId },
      handset: async (listener) => {
        line.onClosed(() => listener.onHangUp());
        return browserHandset(offer, line, () => line.end({ type: 'ended', why: whyEnded(call) }));
      },
    });
  } catch (error) {
    line.end({ type: 'ended', why: error instanceof Error ? error.message : String(error) });
    return;
  }
  call.onEntry(({ type }) => {
    if (type === 'webhook_answered') line.tell({ type });
  });
  line.tell({ type: 'ringing' });
  // The page may have gone before there was a call to hang up.
  if (line.closed) call.hangUp();
}

/** A handset whose WebRTC leg is in the browser. */
function browserHandset(offer: string, line: PageLine<CallEvent>, onClosed: () => void): Handset {
  let closed = false;
  return {
    offer,
    applyAnswer: async (sdp) => line.tell({ type: 'answer', sdp }),
    accepted: () => line.tell({ type: 'accepted' }),
    async close() {
      if (closed) return;
      closed = true;
      onClosed();
    },
  };
}
