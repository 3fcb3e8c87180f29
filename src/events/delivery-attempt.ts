import { deliveryHeaders, type Signed } from './delivery-headers.ts';
import type { Attempt, Courier, EventClock, Webhook } from './ports.ts';

export interface MadeAttempt {
  /** Whether the receiver has it. */
  readonly wasTaken: boolean;
  /** The header of the answer, as it came. */
  readonly retryAfter: string | null;
  readonly attempt: Attempt;
}

/** Sends once. Null if the courier was closed meanwhile. */
export async function makeAttempt(
  { courier, clock }: { readonly courier: Courier; readonly clock: EventClock },
  webhook: Webhook,
  delivery: Signed,
): Promise<MadeAttempt | null> {
  const at = clock.now();
  const { sent, logged: requestHeaders } = deliveryHeaders(webhook, delivery, at);
  const answer = await courier.send({ url: webhook.url, headers: sent, body: delivery.body });
  if (answer === null) return null;
  const { status, error, excerpt: responseExcerpt, durationMs, retryAfter } = answer;
  const attempt = { at, durationMs: Math.round(durationMs), status, error, responseExcerpt, requestHeaders };
  return { wasTaken: error === null, retryAfter, attempt };
}
