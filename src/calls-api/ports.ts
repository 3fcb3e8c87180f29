/** What the HTTP routes need of the rest of the house. */

/** Verifies, stores and answers a webhook. */
export interface WebhookReceiver {
  verify(query: Readonly<Record<string, unknown>>): { status: number; body: string };
  receive(headers: Readonly<Record<string, string | string[] | undefined>>, body: Buffer): Promise<{ status: number }>;
}

/** Reads the call log. */
export interface CallQueries {
  list(query: CallListQuery): Promise<CallPage>;
  timeline(callId: string): Promise<readonly { at: string; type: string; data: unknown }[]>;
}

export interface CallListQuery {
  readonly phoneNumberId: string;
  readonly limit: number;
  readonly after: string | null;
  readonly before: string | null;
  readonly direction: 'inbound' | 'outbound' | null;
  readonly status: string | null;
  /** Matches Meta's call id or our own. */
  readonly callId: string | null;
  /** Unix milliseconds, inclusive. */
  readonly since: number | null;
  readonly until: number | null;
}

export interface CallPage {
  readonly data: readonly CallRecord[];
  readonly before: string | null;
  readonly after: string | null;
}

/** The record of kapso-api.md §3. Times are ISO 8601 with microseconds' room; ids are UUIDs but `call_id`. */
export interface CallRecord {
  readonly id: string;
  readonly call_id: string;
  readonly direction: 'inbound' | 'outbound';
  readonly status: string;
  readonly duration_seconds: number | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly session_started_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly user_wa_id: string | null;
  readonly phone_number_id: string;
  readonly [key: string]: unknown;
}
