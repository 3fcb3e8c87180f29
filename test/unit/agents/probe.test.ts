import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HealthWatch } from '../../../src/agents/health/health-watch.ts';
import { type Finding, type Probed, probe } from '../../../src/agents/health/probe.ts';
import { agentTarget } from '../../support/call.ts';

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** An agent's port; resolves to its host and port. */
async function listen(status = 200): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end());
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function at(url: string, healthUrl: string | null = null): Probed {
  return { target: agentTarget({ entry: { kind: 'dial', url, token: null, tokenIn: 'header' } }), healthUrl };
}

describe('a probe', () => {
  it('finds an open port reachable, and a closed one not', async () => {
    const host = await listen();
    expect(await probe(at(`ws://${host}/`), false)).toBe('reachable');
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await probe(at(`ws://${host}/`), false)).toBe('unreachable');
  });

  it('believes the health route: 2xx is well, everything else is not', async () => {
    const open = `ws://${await listen()}/`;
    expect(await probe(at(open, `http://${await listen(204)}/health`), false)).toBe('well');
    expect(await probe(at(open, `http://${await listen(503)}/health`), false)).toBe('unreachable');
  });

  it('does not knock at a link-local address', async () => {
    expect(await probe(at('ws://169.254.169.254/'), false)).toBe('unreachable');
    expect(await probe(at('ws://127.0.0.1:1/', 'http://169.254.169.254/'), false)).toBe('unreachable');
  });

  it('has nothing to look at where the agent dials us', async () => {
    const target = agentTarget({ entry: { kind: 'wait', token: 'line-token' } });
    expect(await probe({ target, healthUrl: null }, false)).toBeNull();
  });

  it('takes a port that speaks no TLS for unreachable where TLS is asked for', async () => {
    expect(await probe(at(`wss://${await listen()}/`), false)).toBe('unreachable');
  });
});

describe('the health watch', () => {
  it('looks at every agent at once and again, and says nothing after it was stopped', async () => {
    const probed = at(`ws://${await listen()}/`);
    const findings: Finding[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = new HealthWatch({
      agents: () => [probed],
      allowLinkLocal: false,
      intervalMs: 10,
      onFinding(agentId, finding) {
        expect(agentId).toBe('agent-1');
        if (findings.push(finding) === 3) resolve();
      },
    });
    watch.start();
    await promise;
    await watch.stop();
    const { length } = findings;
    expect(new Set(findings)).toEqual(new Set(['reachable']));
    await new Promise((later) => setTimeout(later, 50));
    expect(findings).toHaveLength(length);
  });
});
