import { createHash } from 'node:crypto';
import type {
  DeliveryOutcome,
  Inbox,
  NumberDirectory,
  RawWebhook,
  SignalingClock,
  SignalingObserver,
} from './ports.ts';
import { quietObserver } from './quiet-observer.ts';
import { type SignatureSecrets, type SignedBy, signersOf, verifySignature, type WebhookHeaders } from './signature.ts';
import { maySpeakFor } from './speaks-for.ts';
import { verifyHandshake } from './verify-handshake.ts';
import { displayedNumbers, mentionedNumbers } from './webhook-envelope.ts';
import { parseJson } from './webhook-parser.ts';

/** What the webhook route of the HTTP room asks for. */
export interface WebhookReceiver {
  verify(query: Readonly<Record<string, unknown>>): { status: number; body: string };
  /** `body` is what came over the wire, byte for byte. Never rejects. */
  receive(headers: WebhookHeaders, body: Buffer): Promise<{ status: number }>;
}

export interface WebhookReceiverOptions extends SignatureSecrets {
  /** Meta's verify token; an empty one refuses every handshake. */
  readonly verifyToken: string;
  readonly inbox: Inbox;
  readonly directory: NumberDirectory;
  /** Called after each webhook that is new. Must return at once; work is done later. */
  readonly onStored: () => void;
  readonly clock: Pick<SignalingClock, 'now'>;
  readonly observer?: SignalingObserver;
}

/**
 * Verifies a webhook, makes it durable, and says how to answer it:
 *
 * - 401: no signature, or none of our secrets made it. With no secret configured, that is every webhook. A secret of the
 *   installation speaks for every number, one of a number's own app for the numbers that have it.
 * - 200: stored; or a copy of one that is stored; or of no concern to us. The last are bodies that name none of our numbers,
 *   or none for which their signature speaks (every app of a WABA gets every call, meta-calling.md §9.12, and strangers' data
 *   is not ours to keep), and bodies that are signed but no JSON: the same bytes would come again for seven days, and would be
 *   no JSON again.
 * - 500: it could not be stored. Meta sends it again, which is what we want.
 *
 * If one change is of a number of ours, the whole body is kept, because a part of it would no longer fit its signature. What
 * is of other numbers in it is never worked off, and goes when the inbox is pruned. A body that names no number at all
 * cannot be shown to be ours, so it is not kept.
 *
 * Throws if a secret is empty: anybody could sign with it.
 */
export function createWebhookReceiver(options: WebhookReceiverOptions): WebhookReceiver {
  const { inbox, directory, clock } = options;
  const observer = quietObserver(options.observer);
  if ([...options.appSecrets, ...options.kapsoSecrets].includes('')) throw new Error('A webhook secret is empty.');

  async function receive(headers: WebhookHeaders, body: Buffer): Promise<{ status: number }> {
    const signed = signatureOf(headers, body);
    if (signed === null) return answer(401, 'bad_signature', null);
    const { source, ...scope } = signed;
    const parsed = parseJson(body);
    if (parsed === undefined) return answer(200, 'not_json', source);
    try {
      const ours = numbersOfOurs(parsed).filter((number) => maySpeakFor(scope, number));
      if (ours.length === 0) return answer(200, 'not_ours', source);
      const deliveryKey = deliveryKeyOf(signed, headers, body, ours);
      const id = await inbox.store({ receivedAt: clock.now(), source, deliveryKey, body, ...scope });
      if (id === null) return answer(200, 'duplicate', source);
    } catch (fault) {
      observer.onFault('storing a webhook', fault);
      return answer(500, 'store_failed', source);
    }
    try {
      options.onStored();
    } catch (fault) {
      // It is stored, so the next start works it off; a retry by Meta would bring nothing.
      observer.onFault('waking the inbox worker', fault);
    }
    return answer(200, 'stored', source);
  }

  function signatureOf(headers: WebhookHeaders, body: Buffer): Signed | null {
    const source = verifySignature(headers, body, options);
    if (source !== null) return { source };
    const signers = signersOf(headers, body, directory.signers());
    return signers.length === 0 ? null : { source: 'meta', speaksFor: signers.flatMap((each) => each.phoneNumberIds) };
  }

  function numbersOfOurs(body: unknown): readonly string[] {
    const named = [...mentionedNumbers(body)].filter((number) => directory.isOurs(number));
    const shown = [...displayedNumbers(body)].flatMap((number) => directory.numbersShowing(number));
    return [...new Set([...named, ...shown])];
  }

  function answer(status: number, outcome: DeliveryOutcome, source: SignedBy | null): { status: number } {
    observer.onDelivery(outcome, source);
    return { status };
  }

  return { verify: (query) => verifyHandshake(query, options.verifyToken), receive };
}

interface Signed extends Pick<RawWebhook, 'speaksFor'> {
  readonly source: SignedBy;
}

/**
 * Meta repeats a delivery byte for byte, so its key is the SHA-256 of the body. What speaks for some numbers alone has
 * another: it must not pass for a copy of the same body with another signature, which says more. Kapso sends its own, made
 * from the body that Meta sent; what it forwards may be cut down to one number (kapso-api.md §10), so two forwarded parts of
 * one body share a key, and our numbers in it must be part of ours.
 */
function deliveryKeyOf(
  { source, speaksFor }: Signed,
  headers: WebhookHeaders,
  body: Buffer,
  ours: readonly string[],
): string {
  if (speaksFor !== undefined) return `${sha256(body)}:${sha256(ours.toSorted().join('\n'))}`;
  const given = headers['x-idempotency-key'];
  if (source === 'meta' || typeof given !== 'string' || given === '') return sha256(body);
  return `kapso:${sha256(`${given}\n${ours.toSorted().join('\n')}`)}`;
}

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
