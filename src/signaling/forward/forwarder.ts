/** A webhook of Meta's, or the part of one that is about one number and one call, or none. */
export interface ForwardedWebhook {
  readonly phoneNumberId: string;
  /** Meta's id; null for what is no call's. */
  readonly callId: string | null;
  /** The very text that came, if all of it is about them; else a body of the same form. */
  readonly body: string;
}

/** Hands Meta's webhooks on to whoever asked for them as they come. */
export interface WebhookForwarder {
  wants(phoneNumberId: string): boolean;
  /**
   * Durable when it resolves. A part that was handed on before changes nothing.
   *
   * @param at Unix milliseconds
   */
  forward(parts: readonly ForwardedWebhook[], at: number): Promise<void>;
}
