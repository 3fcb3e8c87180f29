import type { Config } from '../config.ts';
import type { Service } from '../main.ts';
import type { Narrator } from './narrator.ts';

/** A call's entry in the log, as far as the demo reads it. */
export interface LogEntry {
  readonly id: string;
  readonly ending: { readonly class: string; readonly reason: string; readonly ended_by?: string } | null;
  readonly quality: Readonly<Record<string, unknown>> | null;
  readonly [key: string]: unknown;
}

/** The service's HTTP API, as any client with a key has it. `path` from the host on. */
export function apiOf(service: Service, config: Config) {
  return (path: string, body?: unknown): Promise<Response> =>
    fetch(`${service.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'x-api-key': config.http.apiKeys[0] ?? '',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
}

export type Api = ReturnType<typeof apiOf>;

const CALLS = '/platform/v1/whatsapp/calls';

/** The log entry once it has an ending, which is a moment after the phone knows that the call is over. */
export async function entryOf(api: Api, callId: string): Promise<LogEntry> {
  for (let attempt = 0; ; attempt += 1) {
    const response = await api(`${CALLS}/${encodeURIComponent(callId)}`);
    if (response.ok) {
      const { data } = (await response.json()) as { data: LogEntry };
      if (data.ending !== null || attempt === 50) return data;
    } else if (attempt === 50) {
      throw new Error(`the call is not in the log (HTTP ${response.status})`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

const FIELDS = ['id', 'direction', 'status', 'duration_seconds', 'session_started_at', 'ended_at'] as const;

export function tellEntry(narrator: Narrator, entry: LogEntry): void {
  narrator.heading('Its entry in the call log');
  for (const field of FIELDS) narrator.fact(field, String(entry[field]));
  narrator.fact('ending', `${entry.ending?.class ?? 'none'}: ${entry.ending?.reason ?? ''}`);
}

export function tellQuality(narrator: Narrator, { quality }: LogEntry): void {
  narrator.heading('Quality');
  for (const [name, value] of Object.entries(quality ?? {})) {
    narrator.fact(name, typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value));
  }
}
