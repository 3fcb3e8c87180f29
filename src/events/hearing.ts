import type { Webhook } from './ports.ts';

/**
 * - `paused`: what there is for it is kept
 * - `off`: nothing is kept for it
 * - `gone`: it was removed
 */
export type Hearing = 'sending' | 'paused' | 'off' | 'gone';

export function hearingOf(webhook: Webhook | null): Hearing {
  if (webhook === null) return 'gone';
  if (!webhook.active || webhook.standing.type === 'disabled') return 'off';
  return webhook.standing.type === 'paused' ? 'paused' : 'sending';
}
