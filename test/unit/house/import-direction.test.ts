import { describe, expect, it } from 'vitest';
import { type Import, importsOf, type SourceFile, sourceTree } from '../../support/source-tree.ts';

interface Rule {
  readonly all?: string;
  readonly ports?: string;
}

/**
 * Who may import whom (design.md, Direction). `all`: through the room's index.ts or ports.ts. `ports`: only what it
 * declares in ports.ts. What is not here, is not allowed.
 */
const DIRECTION: Readonly<Record<string, Rule>> = {
  call: {},
  audio: {},
  net: {},
  signaling: { all: 'call net' },
  permissions: { all: 'call' },
  webrtc: { all: 'call audio' },
  recording: { all: 'call audio' },
  agents: { all: 'call audio net' },
  events: { all: 'call net' },
  media: { all: 'call audio webrtc agents recording' },
  conformance: { all: 'call audio webrtc agents' },
  storage: { all: 'call', ports: 'signaling permissions recording agents events calls-api runtime' },
  telemetry: { all: 'call' },
  runtime: { all: 'call' },
  'calls-api': { all: 'call permissions agents events', ports: 'runtime' },
  simulator: { all: 'audio webrtc signaling' },
};

/** The configuration knows only the words of the calls. */
const CONFIG_MAY_KNOW = 'call';

const MAX_LINES = 300;

/** What is wrong with one edge, as a sentence; null if it is allowed. */
function faultOf({ from, to }: Import): string | null {
  const room = roomOf(from) ?? from;
  const other = roomOf(to);
  if (room === other) return null;
  const edge = `${from} imports ${to}`;
  if (other === null) {
    const allowed = isEntry(from) || (isConfig(from) && isConfig(to));
    return allowed ? null : `${edge}: a room may not import a file at the root`;
  }
  const rule = ruleOf(from, room);
  if (rule === undefined) return `${edge}: ${room} is not in the table of directions`;
  const doors = [
    ...(includes(rule.all, other) ? ['index.ts', 'ports.ts'] : []),
    ...(includes(rule.ports, other) ? ['ports.ts'] : []),
  ].map((door) => `${other}/${door}`);
  if (doors.length === 0) return `${edge}: ${room} may not know ${other}`;
  return doors.includes(to) ? null : `${edge}: only through ${doors.join(' or ')}`;
}

function ruleOf(from: string, room: string): Rule | undefined {
  if (isEntry(from)) return { all: [...Object.keys(DIRECTION), 'demo'].join(' ') };
  return isConfig(from) ? { all: CONFIG_MAY_KNOW } : DIRECTION[room];
}

function faultsOf(files: readonly SourceFile[]): string[] {
  return importsOf(files).flatMap((edge) => faultOf(edge) ?? []);
}

function roomOf(path: string): string | null {
  const slash = path.indexOf('/');
  return slash < 0 ? null : path.slice(0, slash);
}

/** What puts the rooms together. The demo starts the service next to a simulated WhatsApp, as the command line does. */
function isEntry(path: string): boolean {
  return /^main(-\w+)*\.ts$/.test(path) || path === 'cli.ts' || roomOf(path) === 'demo';
}

function isConfig(path: string): boolean {
  return /^config(-\w+)*\.ts$/.test(path);
}

function includes(words: string | undefined, word: string): boolean {
  return words?.split(' ').includes(word) ?? false;
}

describe('the house', () => {
  const files = sourceTree(new URL('../../../src/', import.meta.url));

  it('has files to look at', () => {
    expect(files.map((file) => file.path)).toContain('call/index.ts');
    expect(importsOf(files).length).toBeGreaterThan(20);
  });

  it('imports only in the direction of the design', () => {
    expect(faultsOf(files)).toEqual([]);
  });

  it(`has no file of more than ${MAX_LINES} lines`, () => {
    const long = files.filter((file) => file.text.split('\n').length > MAX_LINES);
    expect(long.map((file) => file.path)).toEqual([]);
  });

  it('has an index.ts in every room', () => {
    const rooms = new Set(files.flatMap((file) => roomOf(file.path) ?? []));
    const paths = new Set(files.map((file) => file.path));
    expect([...rooms].filter((room) => !paths.has(`${room}/index.ts`))).toEqual([]);
  });
});

describe('the test of the direction', () => {
  const planted = (path: string, text: string) => faultsOf([{ path, text }]);

  it.each([
    ['call/machine.ts', "import { x } from '../audio/index.ts';", 'call may not know audio'],
    ['audio/a.ts', "import type { x } from '../call/index.ts';", 'audio may not know call'],
    ['webrtc/a.ts', "import { x } from '../agents/index.ts';", 'webrtc may not know agents'],
    ['storage/a.ts', "import { x } from '../signaling/index.ts';", 'only through signaling/ports.ts'],
    ['storage/deep/er/a.ts', "import { x } from '../../../media/index.ts';", 'storage may not know media'],
    ['media/a.ts', "import { x } from '../webrtc/peer.ts';", 'only through webrtc/index.ts or webrtc/ports.ts'],
    ['media/a.ts', "import { x } from '../webrtc/deep/index.ts';", 'only through webrtc/index.ts'],
    ['runtime/a.ts', "export * from '../storage/index.ts';", 'runtime may not know storage'],
    ['runtime/a.ts', "import '../telemetry/index.ts';", 'runtime may not know telemetry'],
    ['runtime/a.ts', "const x = await import('../media/index.ts');", 'runtime may not know media'],
    ['runtime/a.ts', "type X = import('../media/index.ts').X;", 'runtime may not know media'],
    ['runtime/a.ts', "import {\n  a,\n  b,\n} from '../media/index.ts';", 'runtime may not know media'],
    ['runtime/a.ts', "import { x } from '../config.ts';", 'may not import a file at the root'],
    ['config.ts', "import { x } from './storage/index.ts';", 'config.ts may not know storage'],
    ['main.ts', "import { x } from './storage/database.ts';", 'only through storage/index.ts'],
    ['demo/a.ts', "import { x } from '../storage/database.ts';", 'only through storage/index.ts'],
    ['runtime/a.ts', "import { x } from '../demo/index.ts';", 'runtime may not know demo'],
    ['cellar/a.ts', "import { x } from '../call/index.ts';", 'cellar is not in the table'],
    ['call/a.ts', "import { x } from '../cellar/index.ts';", 'call may not know cellar'],
  ])('catches in %s: %s', (path, text, fault) => {
    expect(planted(path, text)).toEqual([expect.stringContaining(fault)]);
  });

  it.each([
    ['call/a.ts', "import { x } from './b.ts';\nimport { y } from './deep/c.ts';"],
    ['call/deep/a.ts', "import { x } from '../b.ts';"],
    ['storage/a.ts', "import type { x } from '../runtime/ports.ts';\nimport type { y } from '../call/index.ts';"],
    ['media/a.ts', "import { x } from '../webrtc/index.ts';"],
    ['main.ts', "import { x } from './storage/index.ts';\nimport { y } from './config.ts';"],
    ['config.ts', "import { x } from './config-values.ts';"],
    ['audio/a.ts', "import { x } from 'node:fs';\n// see '../call/index.ts', from '../call/index.ts'\n"],
    ['audio/a.ts', "/** like `import('../call/index.ts')` */"],
  ])('lets pass in %s: %s', (path, text) => {
    expect(planted(path, text)).toEqual([]);
  });
});
