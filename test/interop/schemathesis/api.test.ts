import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type Bridge, PHONE_NUMBER_ID, startBridge } from '../../support/bridge.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDER = process.env['TALKWIRE_INTEROP_FOLDER'] ?? join(ROOT, 'var/interop');
const PROGRAM = join(FOLDER, 'schemathesis/bin/schemathesis');
/** In CI it must be there; elsewhere it may be missing (scripts/install-interop.sh). */
const isThere = process.env['TALKWIRE_INTEROP'] === 'required' || existsSync(PROGRAM);

/** What of each answer is judged: no 5xx, nothing that is not described, and no way in without a key. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'ignored_auth',
];
const CASES_PER_OPERATION = 15;

describe.runIf(isThere)('the API, asked for whatever its own description allows and forbids', () => {
  let bridge: Bridge;
  let config: string;

  beforeAll(async () => {
    bridge = await startBridge({ environment: { TALKWIRE_RATE_LIMIT: '0', TALKWIRE_WEBHOOKS_PRIVATE: 'on' } });
    config = join(bridge.folder, 'schemathesis.toml');
    writeFileSync(config, await configFor(bridge));
  });
  afterAll(() => bridge?.close());

  it('answers as it is described, and never with 5xx', async () => {
    const { code, output } = await run(config, `${bridge.service.url}/openapi.json`);
    expect(output.slice(-20_000)).toContain('No issues found');
    expect(code).toBe(0);
  }, 600_000);
});

/** Things that are there, so that more than "not found" is asked for. */
async function configFor({ service, get }: Bridge): Promise<string> {
  const post = async (path: string, body: object) => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return ((await response.json()) as { data: { id: string } }).data.id;
  };
  void get;
  const agent = await post('/platform/v1/voice_agents', {
    name: 'Bot',
    provider: { kind: 'websocket', url: 'wss://agent.test/talk' },
  });
  const own = (operation: string, parameters: Readonly<Record<string, string>>) =>
    `[[operations]]\ninclude-operation-id = "${operation}"\nparameters = ${inline(parameters)}\n`;
  return [
    `headers = { "X-API-Key" = "${API_KEY}" }`,
    `parameters = ${inline({ version: 'v24.0', phone_number_id: PHONE_NUMBER_ID })}`,
    own('get_voice_agent', { id: agent }),
    own('update_voice_agent', { id: agent }),
  ].join('\n\n');
}

function inline(parameters: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `"path.${name}" = "${value}"`);
  return `{ ${pairs.join(', ')} }`;
}

function run(config: string, url: string): Promise<{ code: number | null; output: string }> {
  const args = [
    ['--config-file', config, 'run', url],
    ['--checks', CHECKS.join(','), '--phases', 'examples,coverage,fuzzing'],
    ['--max-examples', String(CASES_PER_OPERATION), '--seed', '1', '--continue-on-failure', '--no-color'],
    ['--output-truncate', 'false', '--warnings', 'off'],
  ].flat();
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, args, { cwd: FOLDER });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
