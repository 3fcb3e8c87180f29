import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Fault,
  JUDGE_LIMITS,
  NETWORK_PROFILES,
  type NetworkProfile,
  parseFaults,
} from '../../../src/simulator/index.ts';

const document = readFileSync(new URL('../../../docs/simulator.md', import.meta.url), 'utf8');

/** Complete by its type. */
const FAULT_TYPES: Readonly<Record<Fault['type'], true>> = {
  'webhook.duplicate': true,
  'webhook.delay': true,
  'webhook.lose': true,
  'webhook.hold': true,
  'webhook.reorder': true,
  'webhook.batch': true,
  'graph.refuse': true,
  'graph.delay': true,
  'graph.timeout': true,
  'graph.fail': true,
  'graph.answer_after': true,
  'sdp.setup': true,
  'ice.never': true,
  'network.cut': true,
};

function row(name: string, profile: NetworkProfile): string {
  const percent = (ratio: number) => `${Number((ratio * 100).toFixed(2))} %`;
  const { lossRatio, lossBurst, delayMs, jitterMs, duplicateRatio, reorderRatio, reorderMs, spikeMs } = profile;
  const [least, most] = profile.spikeEveryPackets;
  const cells = [
    `\`${name}\``,
    percent(lossRatio),
    lossRatio === 0 ? '–' : String(lossBurst),
    jitterMs === 0 ? `${delayMs} ms` : `${delayMs} ± ${jitterMs} ms`,
    percent(duplicateRatio),
    reorderRatio === 0 ? '0 %' : `${percent(reorderRatio)} by ${reorderMs} ms`,
    spikeMs === 0 ? '–' : `${spikeMs} ms every ${least} to ${most} packets`,
  ];
  return `| ${cells.join(' | ')} |`;
}

describe('docs/simulator.md', () => {
  it.each(Object.entries(NETWORK_PROFILES))('has the numbers of the network %s', (name, profile) => {
    expect(document).toContain(row(name, profile));
  });

  it('shows one valid example of every fault', () => {
    const examples = [...document.matchAll(/^\|.*\| `(\{.*\})` \|$/gm)].map(([, json = '']) => json);
    const types = examples.map((json) => parseFaults(JSON.parse(json))[0]?.type);
    expect(types.toSorted()).toEqual(Object.keys(FAULT_TYPES).toSorted());
  });

  it('has the numbers of the judge', () => {
    const { production, sandbox } = JUDGE_LIMITS;
    const number = (value: number) => value.toLocaleString('en-US');
    const rows: [string, string, string][] = [
      [
        'Permission requests',
        `${production.requestsPerDay} in 24 h, ${production.requestsPerWeek} in 7 days`,
        `${sandbox.requestsPerDay} and ${sandbox.requestsPerWeek}`,
      ],
      ...(
        [
          ['Connected calls', 'connectedPerDay'],
          ['Calls of one number', 'concurrentCalls'],
          ['New calls', 'dialsPerDay'],
          ['Reads of', 'reportsPerSecond'],
          ['Unanswered', 'unansweredNotice'],
          ['The same', 'unansweredRevoke'],
        ] as const
      ).map(([rule, limit]): [string, string, string] => [rule, number(production[limit]), number(sandbox[limit])]),
    ];
    for (const [rule, ...cells] of rows) {
      const line = document.split('\n').find((text) => text.startsWith(`| ${rule}`)) ?? '';
      expect(
        line
          .split('|')
          .slice(2, 4)
          .map((cell) => cell.trim()),
      ).toEqual(cells);
    }
  });

  it('names every option of the command, and no other', () => {
    const command = readFileSync(new URL('../../../src/cli.ts', import.meta.url), 'utf8');
    const [, simulate = ''] = command.split("command('call')");
    const options = [...simulate.matchAll(/(?:[oO]ption|known)\('(--[a-z-]+ <\w+>)'/g)].map(([, option]) => option);
    const documented = [...document.matchAll(/^\| `(--[^`]+)` \|/gm)].map(([, option]) => option);
    expect(options.length).toBeGreaterThan(8);
    expect(documented.toSorted()).toEqual(options.toSorted());
  });
});
