import type { NumberDirectory, RawWebhook } from '../ports.ts';
import { maySpeakFor } from '../speaks-for.ts';
import { displayedNumbers, mentionedNumbers } from '../webhook-envelope.ts';
import type { WebhookForwarder } from './forwarder.ts';
import { splitWebhook } from './split-webhook.ts';

export interface ForwardOptions {
  readonly forwarder: WebhookForwarder;
  readonly directory: NumberDirectory;
}

/** Hands a webhook on, in parts, to those that want it. `json`: its body, parsed. Safe to repeat. */
export async function forwardWebhook(
  webhook: Pick<RawWebhook, 'body' | 'speaksFor'>,
  json: unknown,
  { forwarder, directory }: ForwardOptions,
  at: number,
): Promise<void> {
  const numbersShowing = (display: string) => directory.numbersShowing(display);
  const wants = (number: string) => forwarder.wants(number) && directory.isOurs(number) && maySpeakFor(webhook, number);
  const named = [...mentionedNumbers(json), ...[...displayedNumbers(json)].flatMap(numbersShowing)];
  // Almost always nobody does, and then the body is not looked at again.
  if (!named.some(wants)) return;
  const parts = splitWebhook(webhook.body, { wants, numbersShowing });
  if (parts.length > 0) await forwarder.forward(parts, at);
}
