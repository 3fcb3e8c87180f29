import type { Config } from '../config.ts';
import type { Service } from '../main.ts';
import { measureEcho, type PhoneReport, type SimulatedCall, type SimulatedWhatsApp } from '../simulator/index.ts';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';

/** How long the phone listens on after its last word, so that the echo of it can come back. */
const LISTEN_MS = 1_500;
/** Below this, what came back is not what was spoken (waveform correlation of an Opus round trip is about 0.8 to 0.95). */
const GOOD_ECHO = 0.5;

/**
 * Places the call that nobody has to make, and tells what came of it. Resolves to whether it was heard as it was spoken.
 * Rejects with a sentence if it was not answered.
 */
export async function placeFirstCall(
  options: DemoOptions,
  narrator: Narrator,
  whatsapp: SimulatedWhatsApp,
  service: Service,
  config: Config,
): Promise<boolean> {
  narrator.heading('A call');
  const call = await whatsapp.call({ audio: options.audio });
  const began = call.timeline[0]?.at ?? Date.now();
  narrator.begin(began);
  for (const entry of call.timeline) narrator.phone(entry);
  call.onEntry((entry) => narrator.phone(entry));
  const answered = await call.waitFor('accepted', 30_000).then(
    () => true,
    () => false,
  );
  if (answered) {
    await call.waitFor('spoken', 120_000);
    await new Promise((wake) => setTimeout(wake, LISTEN_MS));
  }
  call.hangUp();
  await call.waitFor('closed', 10_000);
  const record = await recordOf(call, service, config);
  tellRecord(narrator, record);
  if (!answered) {
    const why = record.ending?.reason ?? 'unknown';
    const missing = why === 'agent_unavailable' && options.agent !== undefined;
    const hint = missing ? ` The agent at ${options.agent} is missing.` : '';
    throw new Error(`the call was not answered (${why}).${hint}`);
  }
  tellQuality(narrator, record.quality ?? {});
  const { phone } = await call.report();
  return phone !== null && tellEcho(narrator, phone);
}

interface Detail {
  readonly ending: { readonly class: string; readonly reason: string; readonly ended_by?: string } | null;
  readonly quality: Readonly<Record<string, unknown>> | null;
  readonly [key: string]: unknown;
}

/** The log entry as any client gets it. It is written a moment after the phone knows that the call is over. */
async function recordOf(call: SimulatedCall, service: Service, config: Config): Promise<Detail> {
  const headers = { 'x-api-key': config.http.apiKeys[0] ?? '' };
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(`${service.url}/platform/v1/whatsapp/calls/${encodeURIComponent(call.callId)}`, {
      headers,
    });
    if (response.ok) {
      const { data } = (await response.json()) as { data: Detail };
      if (data.ending !== null || attempt === 50) return data;
    } else if (attempt === 50) {
      throw new Error(`the call is not in the log (HTTP ${response.status})`);
    }
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

const RECORD_FIELDS = ['id', 'direction', 'status', 'duration_seconds', 'session_started_at', 'ended_at'] as const;

function tellRecord(narrator: Narrator, record: Detail): void {
  narrator.heading('Its entry in the call log');
  for (const field of RECORD_FIELDS) narrator.fact(field, String(record[field]));
  narrator.fact('ending', `${record.ending?.class ?? 'none'}: ${record.ending?.reason ?? ''}`);
}

function tellQuality(narrator: Narrator, quality: Readonly<Record<string, unknown>>): void {
  narrator.heading('Quality');
  for (const [name, value] of Object.entries(quality)) {
    narrator.fact(name, typeof value === 'number' ? String(Math.round(value * 100) / 100) : String(value));
  }
}

function tellEcho(narrator: Narrator, phone: PhoneReport): boolean {
  narrator.heading('What the phone heard');
  const match = measureEcho(phone);
  if (match === null) {
    narrator.fact('echo', 'none: nothing was heard');
    return false;
  }
  narrator.fact('echo delay', `${Math.round(match.delayMs)} ms from mouth to ear, without the phone's own buffer`);
  narrator.fact('match with the words', `${match.waveform.toFixed(3)} waveform, ${match.envelope.toFixed(3)} loudness`);
  narrator.fact('gaps of 40 ms or more', String(phone.gaps));
  narrator.fact('media before accept', String(phone.mediaBeforeAccept));
  const good = match.waveform >= GOOD_ECHO && phone.mediaBeforeAccept === 0;
  narrator.fact('verdict', good ? 'the call works' : 'what came back is not what was spoken');
  return good;
}
