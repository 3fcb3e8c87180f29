import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createCallingWatch,
  type GraphActReport,
  type GraphClient,
  type GraphNumbers,
} from '../../../src/signaling/index.ts';
import { clientOf, GraphServer, graphRefusal } from '../../support/graph-server.ts';
import { OUR_NUMBER } from '../../support/webhook.ts';

const SETTINGS = { calling: { status: 'ENABLED' }, storage_configuration: {} };
const GIVEN = { kind: 'bearer', secret: 'given-token' } as const;

let graph: GraphServer;
let client: GraphClient;
let numbers: GraphNumbers;
let reports: GraphActReport[];

beforeEach(async () => {
  graph = await GraphServer.start();
  reports = [];
  client = clientOf(graph, { timeoutMs: 5_000, observer: { onGraphAct: (report) => reports.push(report) } });
  numbers = client.numbers;
});

/** Somebody who does not wait long. */
async function hasty(): Promise<GraphNumbers> {
  await client.close();
  client = clientOf(graph, { timeoutMs: 300, budgetsMs: { read: 1_500 } });
  return client.numbers;
}

afterEach(async () => {
  await client.close();
  await graph.stop();
});

describe('what is asked of Graph of a number', () => {
  it('is asked with the credentials that are given, and else with those of the number', async () => {
    graph.answers({ status: 200, body: SETTINGS });
    await numbers.look('7', GIVEN);
    await numbers.settings('7', GIVEN);
    await numbers.settings(OUR_NUMBER, null);
    expect(graph.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v24.0/7?fields=display_phone_number,verified_name', 'Bearer given-token'],
      ['/v24.0/7/settings?fields=calling', 'Bearer given-token'],
      [`/v24.0/${OUR_NUMBER}/settings?fields=calling`, 'Bearer token-1'],
    ]);
  });

  it('is told with when it was asked, and is reported', async () => {
    graph.answers({ status: 200, body: SETTINGS, afterMs: 50 });
    const before = Date.now();
    const told = await numbers.settings(OUR_NUMBER, null);
    expect(told).toEqual({ type: 'told', at: expect.any(Number), body: SETTINGS });
    expect(told.type === 'told' && told.at - before).toBeLessThan(45);
    expect(reports).toMatchObject([{ phoneNumberId: OUR_NUMBER, result: { type: 'graph.ok', action: 'read' } }]);
  });

  it.each(['hang', 'reset', { status: 500, body: {} }] as const)(
    'is asked again without an answer: %j',
    async (first) => {
      graph.answers(first, { status: 200, body: SETTINGS });
      expect(await (await hasty()).settings(OUR_NUMBER, null)).toMatchObject({ type: 'told' });
    },
  );

  it('is unknown if no answer comes at all', async () => {
    graph.answers('hang');
    expect(await (await hasty()).look('7', GIVEN)).toEqual({ type: 'unknown' });
  });

  it('is refused in the words of Graph, without the token', async () => {
    graph.answers(graphRefusal(401, 190, 'Malformed access token given-token'));
    const refused = await numbers.look('7', GIVEN);
    expect(refused).toMatchObject({ type: 'refused', status: 401, code: 190 });
    expect(JSON.stringify(refused)).not.toContain('given-token');
  });
});

describe('a change of settings', () => {
  it('is written once', async () => {
    graph.answers({ status: 200, body: { success: true } });
    const change = { calling: { status: 'DISABLED' } };
    expect(await numbers.changeSettings(OUR_NUMBER, change)).toMatchObject({ type: 'told', body: { success: true } });
    expect(graph.requests).toMatchObject([
      {
        method: 'POST',
        path: `/v24.0/${OUR_NUMBER}/settings`,
        body: change,
        headers: { authorization: 'Bearer token-1' },
      },
    ]);
  });

  it('is not written again when its answer is lost', async () => {
    graph.answers('reset', { status: 200, body: { success: true } });
    expect(await numbers.changeSettings(OUR_NUMBER, {})).toEqual({ type: 'unknown' });
    expect(graph.requests).toHaveLength(1);
  });
});

describe('the watch on calling', () => {
  function watching(seen: (calling: unknown) => void = () => {}) {
    const faults: string[] = [];
    const mirror = { seen: async (_number: string, calling: unknown) => seen(calling) };
    const watch = createCallingWatch({ graph: numbers, mirror, onFault: (during) => faults.push(during) });
    return { watch, faults };
  }

  it('reads the settings once for all who ask at the same time, and again for who asks later', async () => {
    graph.answers({ status: 200, body: SETTINGS });
    const seen: unknown[] = [];
    const { watch } = watching((calling) => seen.push(calling));
    await Promise.all([watch.recheck(OUR_NUMBER), watch.recheck(OUR_NUMBER)]);
    expect(graph.requests).toHaveLength(1);
    await watch.recheck(OUR_NUMBER);
    expect(seen).toEqual([{ status: 'ENABLED' }, { status: 'ENABLED' }]);
  });

  it('leaves all as it was when Graph refuses, or says nothing of calling', async () => {
    const seen: unknown[] = [];
    const { watch, faults } = watching((calling) => seen.push(calling));
    graph.answers(graphRefusal(401, 190), { status: 200, body: {} });
    await watch.recheck(OUR_NUMBER);
    await watch.recheck(OUR_NUMBER);
    expect({ seen, faults }).toEqual({ seen: [], faults: [] });
  });

  it('tells of what could not be kept, and goes on', async () => {
    graph.answers({ status: 200, body: SETTINGS });
    const { watch, faults } = watching(() => {
      throw new Error('the disk is full');
    });
    await watch.recheck(OUR_NUMBER);
    await watch.recheck(OUR_NUMBER);
    expect(faults).toEqual(['keeping the settings of a number', 'keeping the settings of a number']);
  });
});
