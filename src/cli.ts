#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError, Option } from 'commander';
import { InvalidFields } from './agents/index.ts';
import type { SampleRate } from './call/index.ts';
import { ConfigError, loadConfig } from './config.ts';
import { runCheckAgent } from './conformance/index.ts';
import { runDemo } from './demo/index.ts';
import { type Service, startService } from './main.ts';
import { NETWORK_PROFILE_NAMES, runSimulateCall } from './simulator/index.ts';
import { DatabaseError, SealError } from './storage/index.ts';
import { createLogger, logLastWords } from './telemetry/index.ts';

const HELLO = fileURLToPath(new URL('../assets/audio/hello.wav', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('talkwire')
  .description('Self-hosted bridge between WhatsApp Business Calling and voice agents')
  .version(version);

program
  .command('start')
  .description('run the service; configuration comes from the environment (docs/configuration.md)')
  .action(async () => {
    const config = loadConfig(process.env);
    const logger = createLogger({ level: config.logLevel, file: config.logFile, secrets: config.secrets });
    logLastWords(logger);
    let service: Service | null = null;
    let stopping = false;
    const stop = () => {
      // The system would not end the first process of a container by itself. What is half done is left as after a crash.
      if (service === null) process.exit(0);
      // Asked twice, the operator does not want to wait for calls to end.
      if (stopping) {
        service.hurry();
        return;
      }
      stopping = true;
      logger.info({ calls: service.liveCalls }, 'draining; a second signal ends the calls at once');
      service.stop(config.drainMs).then(
        () => process.exit(0),
        (error: unknown) => fail(error),
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    service = await startService(config, logger);
  });

program
  .command('demo')
  .description('a simulated WhatsApp, the bridge and an agent on this machine: places one call and shows it')
  .option('--outbound', 'the business calls: asks a user for permission, rings, and the agent greets at pickup', false)
  .option('--once', 'end after the first call, with exit code 0 or 1', false)
  .option('--folder <path>', 'keep the database here instead of in a temporary folder')
  .option('--agent <url>', 'use this agent (raw wire) instead of the built-in one')
  .option('--port <number>', 'port of the bridge', port, 0)
  .option('--phone-port <number>', 'port of the browser phone', port, 4180)
  .option('--audio <file>', 'WAV file that the phone speaks; with --outbound, the greeting of the agent', HELLO)
  .addOption(profileOption())
  .action(async (options) => process.exit(await runDemo(options)));

program
  .command('key')
  .description('print a new master key for TALKWIRE_MASTER_KEY')
  .action(() => {
    process.stdout.write(`${randomBytes(32).toString('base64')}\n`);
  });

program
  .command('check-agent')
  .description('call an agent and see whether it does what a bridge relies on; exit code 1 if it does not')
  .argument('<url>', 'ws:// or wss:// of the agent; for twilio also its TwiML webhook, for pipecat its start route')
  .addOption(
    new Option('--wire <wire>', 'protocol that the agent speaks')
      .choices(['raw', 'twilio', 'pipecat'])
      .makeOptionMandatory(),
  )
  .addOption(new Option('--token <token>', 'token that is shown to the agent').env('TALKWIRE_AGENT_TOKEN'))
  .addOption(new Option('--token-in <place>', 'where the token goes').choices(['header', 'query']).default('header'))
  .addOption(
    new Option('--rate <hz>', 'rate of the raw wire').choices(['8000', '16000', '24000', '48000']).default('16000'),
  )
  .option('--bye <keys>', 'keys that make the agent hang up')
  .option('--audio <file>', 'WAV file of which the caller speaks the first 2 s', HELLO)
  .action(async (url, { wire, token = null, tokenIn, rate, bye = null, audio }) => {
    try {
      process.exit(
        await runCheckAgent({ url, wire, token, tokenIn, sampleRate: Number(rate) as SampleRate, bye, audio }),
      );
    } catch (error) {
      fail(error instanceof Error ? error.message : error);
    }
  });

const simulate = program.command('simulate').description('a WhatsApp on this desk');
simulate
  .command('call')
  .description('host the simulated Graph and place one call to a running bridge')
  .option('--bridge <url>', 'webhook address of the bridge', 'http://127.0.0.1:8080/webhooks/whatsapp')
  .addOption(known('--app-secret <secret>', 'signs the webhooks', 'TALKWIRE_APP_SECRETS').argParser(firstOfList))
  .addOption(known('--phone-number-id <id>', 'the number that is called', 'TALKWIRE_PHONE_NUMBER_ID'))
  .addOption(known('--token <token>', 'what the bridge must show to Graph', 'TALKWIRE_ACCESS_TOKEN'))
  .option('--graph-port <number>', 'port of the simulated Graph; the bridge needs it as TALKWIRE_GRAPH_URL', port, 4190)
  .option('--audio <file>', 'WAV file that the phone speaks', HELLO)
  .option('--seed <number>', 'seed of the network', wholeNumber, 1)
  .option('--keys <keys>', 'keys to press once the phone has spoken')
  .option('--faults <json>', 'faults to play, one or a list, as JSON (docs/simulator.md)')
  .addOption(profileOption())
  .action(async (options) => {
    try {
      process.exit(await runSimulateCall(options));
    } catch (error) {
      // What goes wrong here is an option: the file, the keys, the faults, the port.
      fail(error instanceof Error && !('port' in error) ? error.message : error);
    }
  });

program.parseAsync().catch(fail);

function profileOption(): Option {
  return new Option('--profile <name>', 'network between phone and bridge')
    .choices([...NETWORK_PROFILE_NAMES])
    .default('clean');
}

/** What the bridge is configured with: taken from the same environment, so that nobody has to type it twice. */
function known(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable).makeOptionMandatory();
}

function firstOfList(text: string): string {
  return text.split(',')[0] ?? '';
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('A seed is a whole number from 0.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  }
  return value;
}

/** A person reads this: one sentence where one is enough, the stack only for what nobody foresaw. */
function fail(error: unknown): never {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}

function explain(error: unknown): string {
  const told = [ConfigError, InvalidFields, SealError, DatabaseError].some((kind) => error instanceof kind);
  if (told && error instanceof Error) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, syscall, port: taken } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `talkwire cannot start: port ${taken} is taken by another program.`;
  if (code === 'EACCES' && taken !== undefined) return `talkwire cannot start: port ${taken} needs more rights.`;
  if (syscall === 'listen' || syscall === 'getaddrinfo') {
    return `talkwire cannot start: it cannot listen on the address of TALKWIRE_HOST (${code}).`;
  }
  return error.stack ?? error.message;
}
