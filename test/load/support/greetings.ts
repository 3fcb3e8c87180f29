import { setTimeout as sleep } from 'node:timers/promises';
import type { CallReport, SimulatedCall } from '../../../src/simulator/index.ts';
import { API_KEY, apiOf, type CallDetail, endedRecord, PHONE_NUMBER_ID } from '../../support/bridge.ts';
import type { BridgeProcess } from './bridge-process.ts';
import { percentile, round } from './figures.ts';
import type { LoadDesk } from './load-desk.ts';
import { RATE } from './pulse.ts';

export interface GreetingRun {
  readonly calls: number;
  /** So many are dialled, and picked up, at the same moment. */
  readonly atOnce: number;
  /** For so long the phones ring, ms. */
  readonly ringMs: number;
  /** When the agent of a call, by Meta's id, was told that somebody is on the line. Unix milliseconds. */
  readonly toldAt: ReadonlyMap<string, number>;
}

/** One dial that was picked up. Unix milliseconds; null if the greeting was not heard. */
interface Greeted {
  readonly postedAt: number;
  readonly answeredAt: number;
  readonly placedAt: number;
  readonly ringsAt: number;
  /** At the bridge. */
  readonly mediaAt: number;
  readonly pickedUpAt: number;
  readonly webhookAt: number;
  readonly handledAt: number;
  readonly toldAt: number;
  readonly spokeAt: number;
  readonly heardAt: number | null;
}

interface Posted {
  readonly id: string;
  readonly postedAt: number;
  readonly answeredAt: number;
}

const COUNTRY_AND_AREA = '4930';
const AUDIBLE_DB = -40;
const FRAME = RATE / 50;
/** The phone has heard the whole greeting long before. */
const HANGS_UP_AFTER_MS = 700;

let users = 0;

/**
 * Dials `calls` users who have allowed it, `atOnce` at a time, and finds how long after the pickup they heard the agent.
 * The media is up while the phone still rings, unless the machine is too slow for that: `media late` counts those.
 */
export async function measureGreetings(desk: LoadDesk, bridge: BridgeProcess, run: GreetingRun) {
  const names = Array.from({ length: run.calls }, () => `${COUNTRY_AND_AREA}${String(++users).padStart(8, '0')}`);
  for (const name of names) await desk.whatsapp.grant(name, 'permanent');
  // The webhooks are answered; the bridge works them off a moment later.
  await sleep(500);
  desk.whatsapp.answerCalls(null, { afterMs: run.ringMs, hangUpAfterMs: HANGS_UP_AFTER_MS });
  const greeted: Greeted[] = [];
  const cpuBefore = bridge.cpuMs();
  for (let from = 0; from < names.length; from += run.atOnce) {
    greeted.push(...(await dialGroup(desk, bridge, names.slice(from, from + run.atOnce), run.toldAt)));
  }
  return figuresOf(run, greeted, bridge.cpuMs() - cpuBefore);
}

async function dialGroup(
  desk: LoadDesk,
  bridge: BridgeProcess,
  names: readonly string[],
  toldAt: ReadonlyMap<string, number>,
): Promise<Greeted[]> {
  const posted = await Promise.all(names.map((name) => post(bridge.url, name)));
  const calls: SimulatedCall[] = [];
  for (const _ of names) calls.push(await desk.whatsapp.nextReceived(30_000));
  await Promise.all(calls.map((call) => call.waitFor('closed', 30_000)));
  return await Promise.all(
    calls.map(async (call) => {
      const record = await endedRecord(apiOf(bridge.url), call.callId);
      const own = posted.find(({ id }) => id === record.id);
      if (own === undefined) throw new Error('a phone rang that nobody dialled');
      return greetingOf(own, record, await call.report(), toldAt.get(call.callId) ?? Number.NaN);
    }),
  );
}

async function post(url: string, to: string): Promise<Posted> {
  const body = JSON.stringify({ phone_number_id: PHONE_NUMBER_ID, to });
  const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
  const postedAt = now();
  const answer = await fetch(`${url}/platform/v1/whatsapp/calls`, { method: 'POST', headers, body });
  const text = await answer.text();
  const answeredAt = now();
  if (answer.status !== 202) throw new Error(`the dial was answered ${answer.status}: ${text}`);
  return { id: (JSON.parse(text) as { data: { id: string } }).data.id, postedAt, answeredAt };
}

function greetingOf(posted: Posted, record: CallDetail, report: CallReport, toldAt: number): Greeted {
  const inPhone = (type: string) => report.timeline.find((entry) => entry.type === type);
  const inBridge = (type: string) => Date.parse(record.timeline.find((line) => line.type === type)?.at ?? '');
  const webhook = inPhone('webhook.accepted');
  return {
    ...posted,
    placedAt: inPhone('placed')?.at ?? Number.NaN,
    ringsAt: inPhone('ringing')?.at ?? Number.NaN,
    mediaAt: inBridge('media_connected'),
    pickedUpAt: inPhone('accepted')?.at ?? Number.NaN,
    webhookAt: (webhook?.at ?? Number.NaN) - Number(webhook?.data['tookMs']),
    handledAt: inBridge('picked_up'),
    toldAt,
    spokeAt: inBridge('agent_spoke'),
    heardAt: firstSound(report),
  };
}

/** When the packet came that the first audible 20 ms are of. */
function firstSound({ phone }: CallReport): number | null {
  if (phone === null) return null;
  for (let frame = 0; (frame + 1) * FRAME <= phone.heard.length; frame += 1) {
    let sum = 0;
    for (const sample of phone.heard.subarray(frame * FRAME, (frame + 1) * FRAME)) sum += sample * sample;
    const arrival = phone.heardArrivalsMs[frame];
    if (sum / FRAME >= 32_768 ** 2 * 10 ** (AUDIBLE_DB / 10) && arrival !== undefined) return arrival;
  }
  return null;
}

function figuresOf({ calls, atOnce }: GreetingRun, greeted: readonly Greeted[], cpuMs: number) {
  const times = (from: keyof Greeted, to: keyof Greeted) =>
    greeted.map((each) => Number(each[to] ?? Number.NaN) - Number(each[from])).filter((ms) => !Number.isNaN(ms));
  const at = (percent: number, from: keyof Greeted, to: keyof Greeted) => round(percentile(times(from, to), percent));
  return {
    calls,
    'at once': atOnce,
    'post to 202 p50': at(50, 'postedAt', 'answeredAt'),
    'post to 202 p95': at(95, 'postedAt', 'answeredAt'),
    'post to Graph p50': at(50, 'postedAt', 'placedAt'),
    'post to Graph p95': at(95, 'postedAt', 'placedAt'),
    'post to rings p50': at(50, 'postedAt', 'ringsAt'),
    'post to rings p95': at(95, 'postedAt', 'ringsAt'),
    'ACCEPTED to greeting p50': at(50, 'webhookAt', 'heardAt'),
    'ACCEPTED to greeting p95': at(95, 'webhookAt', 'heardAt'),
    'ACCEPTED to greeting max': at(100, 'webhookAt', 'heardAt'),
    'pickup to greeting p95': at(95, 'pickedUpAt', 'heardAt'),
    'ACCEPTED to handled p50': at(50, 'webhookAt', 'handledAt'),
    'ACCEPTED to handled p95': at(95, 'webhookAt', 'handledAt'),
    'handled to agent p50': at(50, 'handledAt', 'toldAt'),
    'handled to agent p95': at(95, 'handledAt', 'toldAt'),
    'agent to sent p50': at(50, 'toldAt', 'spokeAt'),
    'agent to sent p95': at(95, 'toldAt', 'spokeAt'),
    'sent to phone p50': at(50, 'spokeAt', 'heardAt'),
    'sent to phone p95': at(95, 'spokeAt', 'heardAt'),
    'media late': greeted.filter(({ mediaAt, handledAt }) => mediaAt > handledAt).length,
    'not heard': greeted.filter(({ heardAt }) => heardAt === null).length,
    'cpu ms/call': round(cpuMs / calls),
  };
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
