/** Who started the call. Meta says USER_INITIATED and BUSINESS_INITIATED (meta-calling.md §3.3). */
export type Direction = 'inbound' | 'outbound';

/**
 * The WhatsApp user of a call. Users with a username may have no phone number, so every field can be missing,
 * but never `waId` and `userId` together (meta-calling.md §3.3).
 */
export interface User {
  /** Phone number in digits, as Meta spells it. */
  readonly waId: string | null;
  /** Business-scoped user id (BSUID), such as `US.1349…`. */
  readonly userId: string | null;
  readonly parentUserId: string | null;
  readonly name: string | null;
}

/** What a call is, from its first webhook (or its dial) to the end. */
export interface CallIdentity {
  /** Our own id (UUID). */
  readonly id: string;
  /** Meta's id, `wacid.…`. */
  readonly callId: string;
  readonly direction: Direction;
  readonly phoneNumberId: string;
  readonly displayPhoneNumber: string | null;
  readonly user: User;
  /** When Meta says the call began, Unix milliseconds. */
  readonly startedAt: number;
  /** Payload of the call button or deep link the user came from. */
  readonly ctaPayload: string | null;
  readonly deeplinkPayload: string | null;
  readonly bizOpaqueCallbackData: string | null;
}
